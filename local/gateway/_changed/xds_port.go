package bootstrap

import (
	"os"
	"strconv"
)

// DefaultXdsServerPort is a constant upstream: two gateways on one machine would want the same port.
var DefaultXdsServerPort = xdsServerPort(os.Getenv("TENANTRY_XDS_PORT"))

func xdsServerPort(text string) int {
	if port, err := strconv.ParseUint(text, 10, 16); err == nil {
		return int(port)
	}
	return 18000
}
