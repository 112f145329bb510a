// The plain study in Stan. Priors are normal on the scale of the link; offsets and multipliers only tell Stan where to start
// and how far things go, so that its unknowns are of order one.
data {
  int<lower=1> regions;
  int<lower=2> years;
  int<lower=1, upper=years> reference;
  int<lower=1> kinds;
  int<lower=1> sources;
  int<lower=1> platforms;
  int<lower=1> pairs;
  real<lower=0> degrees_of_freedom;
  real<lower=0> noise_spread;
  vector[regions] pool;
  array[sources] int<lower=1> source_kind;
  array[pairs] int<lower=1> pair_platform;

  int<lower=0> register_rows;
  array[register_rows] int<lower=1> register_source;
  array[register_rows] int<lower=1> register_region;
  array[register_rows] int<lower=1> register_year;
  vector[register_rows] register_log;
  vector[register_rows] register_variance;

  int<lower=0> platform_rows;
  array[platform_rows] int<lower=1> platform_source;
  array[platform_rows] int<lower=1> platform_region;
  array[platform_rows] int<lower=1> platform_year;
  array[platform_rows] int<lower=1> platform_pair;
  vector[platform_rows] platform_log;
  vector[platform_rows] platform_variance;

  // Counts of zero: fewer than one.
  int<lower=0> unseen_rows;
  array[unseen_rows] int<lower=1> unseen_source;
  array[unseen_rows] int<lower=1> unseen_region;
  array[unseen_rows] int<lower=1> unseen_year;
  array[unseen_rows] int<lower=1> unseen_pair;
  vector[unseen_rows] unseen_log;
  vector[unseen_rows] unseen_variance;

  int<lower=0> analyst_rows;
  array[analyst_rows] int<lower=1> analyst_source;
  array[analyst_rows] int<lower=1> analyst_year;
  vector[analyst_rows] analyst_log;
  vector[analyst_rows] analyst_variance;

  real at_log_total; real<lower=0> by_log_total;
  real at_log_pool_sd; real<lower=0> by_log_pool_sd;
  real at_log_region_sd; real<lower=0> by_log_region_sd;
  real at_log_growth; real<lower=0> by_log_growth;
  real at_log_region_rate_sd; real<lower=0> by_log_region_rate_sd;
  real at_log_common_sd; real<lower=0> by_log_common_sd;
  real at_log_innovation_sd; real<lower=0> by_log_innovation_sd;
  vector[kinds] at_log_noise; vector<lower=0>[kinds] by_log_noise;
  real at_log_multiplier; real<lower=0> by_log_multiplier;
  vector[platforms] at_logit_coverage; vector<lower=0>[platforms] by_logit_coverage;
  vector[platforms] at_log_reach_sd; vector<lower=0>[platforms] by_log_reach_sd;
}
transformed data {
  int steps = years - 1;
  // Places in the matrix (year, region) when it is laid out as a vector, column by column.
  array[register_rows] int register_cell;
  array[platform_rows] int platform_cell;
  array[unseen_rows] int unseen_cell;
  for (i in 1:register_rows) {
    register_cell[i] = (register_region[i] - 1) * years + register_year[i];
  }
  for (i in 1:platform_rows) {
    platform_cell[i] = (platform_region[i] - 1) * years + platform_year[i];
  }
  for (i in 1:unseen_rows) {
    unseen_cell[i] = (unseen_region[i] - 1) * years + unseen_year[i];
  }
}
parameters {
  real<offset=at_log_total, multiplier=by_log_total> log_total;
  real<offset=at_log_pool_sd, multiplier=by_log_pool_sd> log_pool_sd;
  real<offset=at_log_region_sd, multiplier=by_log_region_sd> log_region_sd;
  real<offset=at_log_growth, multiplier=by_log_growth> log_growth;
  real<offset=at_log_region_rate_sd, multiplier=by_log_region_rate_sd> log_region_rate_sd;
  real<offset=at_log_common_sd, multiplier=by_log_common_sd> log_common_sd;
  real<offset=at_log_innovation_sd, multiplier=by_log_innovation_sd> log_innovation_sd;
  vector<offset=at_log_noise, multiplier=by_log_noise>[kinds] log_noise;
  real<offset=at_log_multiplier, multiplier=by_log_multiplier> log_multiplier;
  vector<offset=at_logit_coverage, multiplier=by_logit_coverage>[platforms] logit_coverage;
  vector<offset=at_log_reach_sd, multiplier=by_log_reach_sd>[platforms] log_reach_sd;
  real pool_z;
  vector[regions] region_z;
  vector[regions] region_rate_z;
  vector[steps] common_z;
  vector[regions * steps] innovation_z; // region by region
  vector[pairs] reach_z;
  vector[sources] noise_z;
}
model {
  matrix[years, regions] headcount;
  vector[years] world;
  vector[sources] noise_variance = square(exp(log_noise[source_kind] + noise_spread * noise_z));
  vector[platforms] reach_sd = exp(log_reach_sd);
  vector[pairs] log_reach = log_inv_logit(logit_coverage[pair_platform] + reach_sd[pair_platform] .* reach_z);
  {
    vector[regions] effect = exp(log_pool_sd) * pool_z * pool + exp(log_region_sd) * region_z;
    row_vector[regions] level = (log_total + effect - log_sum_exp(effect))';
    row_vector[regions] rate = (log_growth + exp(log_region_rate_sd) * region_rate_z)';
    matrix[steps, regions] growth = exp(log_innovation_sd) * to_matrix(innovation_z, steps, regions);
    vector[steps] common = exp(log_common_sd) * common_z;
    headcount[reference] = level;
    for (t in (reference + 1):years) {
      headcount[t] = headcount[t - 1] + growth[t - 1] + rate + common[t - 1];
    }
    for (back in 1:(reference - 1)) {
      int t = reference - back;
      headcount[t] = headcount[t + 1] - growth[t] - rate - common[t];
    }
  }
  for (t in 1:years) {
    world[t] = log_sum_exp(headcount[t]);
  }

  log_total ~ normal(at_log_total, by_log_total);
  log_pool_sd ~ normal(at_log_pool_sd, by_log_pool_sd);
  log_region_sd ~ normal(at_log_region_sd, by_log_region_sd);
  log_growth ~ normal(at_log_growth, by_log_growth);
  log_region_rate_sd ~ normal(at_log_region_rate_sd, by_log_region_rate_sd);
  log_common_sd ~ normal(at_log_common_sd, by_log_common_sd);
  log_innovation_sd ~ normal(at_log_innovation_sd, by_log_innovation_sd);
  log_noise ~ normal(at_log_noise, by_log_noise);
  log_multiplier ~ normal(at_log_multiplier, by_log_multiplier);
  logit_coverage ~ normal(at_logit_coverage, by_logit_coverage);
  log_reach_sd ~ normal(at_log_reach_sd, by_log_reach_sd);
  pool_z ~ std_normal();
  region_z ~ std_normal();
  region_rate_z ~ std_normal();
  common_z ~ std_normal();
  innovation_z ~ std_normal();
  reach_z ~ std_normal();
  noise_z ~ std_normal();

  {
    vector[regions * years] cells = to_vector(headcount);
    register_log ~ student_t(degrees_of_freedom, cells[register_cell],
                             sqrt(noise_variance[register_source] + register_variance));
    platform_log ~ student_t(degrees_of_freedom, cells[platform_cell] + log_reach[platform_pair],
                             sqrt(noise_variance[platform_source] + platform_variance));
    // The distribution function of Student's t with 4 degrees of freedom, in closed form.
    vector[unseen_rows] t = (unseen_log - cells[unseen_cell] - log_reach[unseen_pair])
                            ./ sqrt(noise_variance[unseen_source] + unseen_variance);
    vector[unseen_rows] c = t ./ sqrt(4 + square(t));
    target += sum(2 * log1p(c) + log(2 - c)) - unseen_rows * log(4);
    analyst_log ~ student_t(degrees_of_freedom, world[analyst_year] + log_multiplier,
                            sqrt(noise_variance[analyst_source] + analyst_variance));
  }
}
