// The plain study as a TMB template: the negative log of the joint density. Indices count from zero.
#include <TMB.hpp>

template <class Type>
Type total_normal(const vector<Type> &x, const vector<Type> &at, const vector<Type> &by) {
  return sum(dnorm(x, at, by, true));
}

template <class Type>
Type log_student(Type value, Type expected, Type variance, Type freedom) {
  Type spread = sqrt(variance);
  return dt((value - expected) / spread, freedom, 1) - log(spread);
}

template <class Type>
Type objective_function<Type>::operator()() {
  DATA_INTEGER(regions);
  DATA_INTEGER(years);
  DATA_INTEGER(reference);
  DATA_SCALAR(degrees_of_freedom);
  DATA_SCALAR(noise_spread);
  DATA_VECTOR(pool);
  DATA_IVECTOR(source_kind);
  DATA_IVECTOR(pair_platform);
  DATA_IVECTOR(register_source);
  DATA_IVECTOR(register_region);
  DATA_IVECTOR(register_year);
  DATA_VECTOR(register_log);
  DATA_VECTOR(register_variance);
  DATA_IVECTOR(platform_source);
  DATA_IVECTOR(platform_region);
  DATA_IVECTOR(platform_year);
  DATA_IVECTOR(platform_pair);
  DATA_VECTOR(platform_log);
  DATA_VECTOR(platform_variance);
  DATA_IVECTOR(unseen_source); // counts of zero: fewer than one
  DATA_IVECTOR(unseen_region);
  DATA_IVECTOR(unseen_year);
  DATA_IVECTOR(unseen_pair);
  DATA_IVECTOR(analyst_source);
  DATA_IVECTOR(analyst_year);
  DATA_VECTOR(analyst_log);
  DATA_VECTOR(analyst_variance);
  DATA_VECTOR(at_scales);
  DATA_VECTOR(by_scales);
  DATA_VECTOR(at_log_noise);
  DATA_VECTOR(by_log_noise);
  DATA_VECTOR(at_log_reach_sd);
  DATA_VECTOR(by_log_reach_sd);
  DATA_VECTOR(at_levels);
  DATA_VECTOR(by_levels);
  DATA_VECTOR(at_logit_coverage);
  DATA_VECTOR(by_logit_coverage);
  PARAMETER_VECTOR(scales); // log sd of pools, of regions, of rates, of the common and the regional innovations
  PARAMETER_VECTOR(log_noise);
  PARAMETER_VECTOR(log_reach_sd);
  PARAMETER_VECTOR(levels); // log total, log growth, log multiplier
  PARAMETER_VECTOR(logit_coverage);
  PARAMETER(pool_z);
  PARAMETER_VECTOR(region_z);
  PARAMETER_VECTOR(region_rate_z);
  PARAMETER_VECTOR(common_z);
  PARAMETER_MATRIX(innovation_z); // step, region
  PARAMETER_VECTOR(reach_z);
  PARAMETER_VECTOR(noise_z);

  Type density = total_normal(scales, at_scales, by_scales) + total_normal(log_noise, at_log_noise, by_log_noise);
  density += total_normal(log_reach_sd, at_log_reach_sd, by_log_reach_sd) + total_normal(levels, at_levels, by_levels);
  density += total_normal(logit_coverage, at_logit_coverage, by_logit_coverage);
  density += dnorm(pool_z, Type(0), Type(1), true) + sum(dnorm(region_z, Type(0), Type(1), true));
  density += sum(dnorm(region_rate_z, Type(0), Type(1), true)) + sum(dnorm(common_z, Type(0), Type(1), true));
  density += sum(dnorm(vector<Type>(innovation_z.vec()), Type(0), Type(1), true));
  density += sum(dnorm(reach_z, Type(0), Type(1), true)) + sum(dnorm(noise_z, Type(0), Type(1), true));

  vector<Type> sd = exp(scales);
  vector<Type> effect = sd(0) * pool_z * pool + sd(1) * region_z;
  Type whole = effect(0);
  for (int r = 1; r < regions; r++) whole = logspace_add(whole, effect(r));

  matrix<Type> headcount(years, regions);
  for (int r = 0; r < regions; r++) {
    Type rate = levels(1) + sd(2) * region_rate_z(r);
    headcount(reference, r) = levels(0) + effect(r) - whole;
    for (int t = reference + 1; t < years; t++)
      headcount(t, r) = headcount(t - 1, r) + rate + sd(3) * common_z(t - 1) + sd(4) * innovation_z(t - 1, r);
    for (int t = reference - 1; t >= 0; t--)
      headcount(t, r) = headcount(t + 1, r) - rate - sd(3) * common_z(t) - sd(4) * innovation_z(t, r);
  }

  vector<Type> log_reach(reach_z.size());
  for (int i = 0; i < reach_z.size(); i++) {
    int platform = pair_platform(i);
    Type logit = logit_coverage(platform) + exp(log_reach_sd(platform)) * reach_z(i);
    log_reach(i) = -logspace_add(Type(0), -logit);
  }
  vector<Type> noise_variance(source_kind.size());
  for (int s = 0; s < source_kind.size(); s++)
    noise_variance(s) = exp(Type(2) * (log_noise(source_kind(s)) + noise_spread * noise_z(s)));

  for (int i = 0; i < register_log.size(); i++)
    density += log_student(register_log(i), headcount(register_year(i), register_region(i)),
                           noise_variance(register_source(i)) + register_variance(i), degrees_of_freedom);
  for (int i = 0; i < platform_log.size(); i++)
    density += log_student(platform_log(i),
                           headcount(platform_year(i), platform_region(i)) + log_reach(platform_pair(i)),
                           noise_variance(platform_source(i)) + platform_variance(i), degrees_of_freedom);
  for (int i = 0; i < unseen_source.size(); i++) {
    Type expected = headcount(unseen_year(i), unseen_region(i)) + log_reach(unseen_pair(i));
    Type t = -expected / sqrt(noise_variance(unseen_source(i)) + Type(1));
    Type c = t / sqrt(Type(4) + t * t); // Student's t with 4 degrees of freedom, in closed form
    density += Type(2) * log(Type(1) + c) + log(Type(2) - c) - log(Type(4));
  }
  vector<Type> world(years);
  for (int t = 0; t < years; t++) {
    world(t) = headcount(t, 0);
    for (int r = 1; r < regions; r++) world(t) = logspace_add(world(t), headcount(t, r));
  }
  for (int i = 0; i < analyst_log.size(); i++)
    density += log_student(analyst_log(i), world(analyst_year(i)) + levels(2),
                           noise_variance(analyst_source(i)) + analyst_variance(i), degrees_of_freedom);

  ADREPORT(headcount);
  return -density;
}
