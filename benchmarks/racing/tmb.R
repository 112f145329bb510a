# The plain study with TMB: the scales at the mode of their marginal posterior by Laplace's approximation, and from there
# the means and standard errors of every log headcount. Called by with_tmb.py: Rscript tmb.R input.json template build output.json
arguments <- commandArgs(trailingOnly = TRUE)
clock <- proc.time()[["elapsed"]]
seconds <- list()
mark <- function(phase) {
  now <- proc.time()[["elapsed"]]
  seconds[[phase]] <<- now - clock
  clock <<- now
}

suppressMessages(library(TMB))
input <- jsonlite::fromJSON(arguments[1])
mark("import")

name <- file.path(arguments[3], "plain")
if (!file.exists(dynlib(name))) {
  file.copy(arguments[2], paste0(name, ".cpp"), overwrite = TRUE)
  compile(paste0(name, ".cpp"), flags = "-O2 -w")
}
dyn.load(dynlib(name))
start <- input$parameters
start$innovation_z <- matrix(0, input$data$years - 1, input$data$regions)
integers <- grep("_(source|region|year|pair|kind|platform)$", names(input$data), value = TRUE)
input$data[integers] <- lapply(input$data[integers], as.integer)
effects <- setdiff(names(start), c("scales", "log_noise", "log_reach_sd"))
model <- MakeADFun(input$data, start, random = effects, DLL = "plain", silent = TRUE)
mark("prepare")

# The joint density at the points, for comparison.
density <- apply(input$points, 1, function(x) -model$env$f(x))
mark("check")

found <- nlminb(model$par, model$fn, model$gr, control = list(iter.max = 1000, eval.max = 1000))
report <- sdreport(model, getReportCovariance = FALSE)
mark("sample")

output <- list(
  seconds = seconds, density = density, mean = as.numeric(report$value), sd = as.numeric(report$sd),
  converged = found$convergence == 0, message = found$message, evaluations = found$evaluations,
  version = as.character(packageVersion("TMB"))
)
jsonlite::write_json(output, arguments[4], digits = NA, auto_unbox = TRUE)
