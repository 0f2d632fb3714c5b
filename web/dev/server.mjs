// What the made-up server says of itself.
const day = 86_400;

export function status(scenario, now) {
  const troubled = scenario === 'troubled';
  return {
    version: '0.1.0',
    revision: 'mock',
    start_time: new Date(now - 5.3 * day * 1000).toISOString(),
    uptime_seconds: 5.3 * day,
    config_file: '/etc/hydrophone/hydrophone.yaml',
    config_loaded_at: new Date(now - 2 * day * 1000).toISOString(),
    config_reload_success: !troubled,
    config_reload_error: troubled
      ? 'services[3]: there is no key "scrape_intervall" at line 41; did you mean "scrape_interval"?'
      : null,
    data_path: '/var/lib/hydrophone',
    storage: {
      commit: 190_231,
      sealed_until: new Date(now - 5000 * 1000).toISOString(),
      aggregates: 4812,
      targets: 1290,
      instances: 2205,
      resting_instances: 1804,
      baselines: 81_022,
      head_points: 52_100,
      stacks: 19_220,
      database_bytes: 812_000_000,
      occurrence_bytes: troubled ? 20_900_000_000 : 4_730_000_000,
      occurrence_days: 30,
      thinned_days: troubled ? 4 : 0,
      thinned_occurrences: troubled ? 190_233 : 0,
    },
    search: troubled
      ? { complete: false, indexed_ratio: 0.42, partitions_rebuilding: 18, partitions: 30, occurrences: 812_022 }
      : { complete: true, indexed_ratio: 1, partitions_rebuilding: 0, partitions: 30, occurrences: 1_930_214 },
    retention: {
      time_seconds: 400 * day,
      rollups_seconds: 400 * day,
      targets_seconds: 90 * day,
      occurrences_seconds: 30 * day,
      occurrences_bytes: 21_474_836_480,
      activity_seconds: 3650 * day,
    },
    limits_hit: troubled
      ? { gateway: { aggregates: 120_331, truncated: 17 }, mailer: { causes: 3, occurrences: 88 } }
      : {},
  };
}

export function config(services) {
  const own = services.map(
    (name, n) => `- name: ${name}\n  scrape_interval: ${n === 1 ? '5s' : '15s'}\n  scheme: http\n`,
  );
  return { yaml: `global:\n  scrape_interval: 15s\n  scrape_timeout: 10s\nservices:\n${own.join('')}` };
}
