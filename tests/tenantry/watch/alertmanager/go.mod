// The Alertmanager that judges the routes: built by tests/support/monitoring/alertmanager.py from a copy of this module,
// with the requirements that it brings itself.
module tenantry.io/alertmanager

go 1.26.0

require github.com/prometheus/alertmanager v0.33.0 // indirect
