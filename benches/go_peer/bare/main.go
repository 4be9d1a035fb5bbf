// The smallest charm on goops.
package main

import (
	"os"

	"github.com/gruyaume/goops"
)

func main() {
	if goops.ReadEnv().HookName == "install" {
		if err := goops.SetUnitStatus(goops.StatusActive, "Ready"); err != nil {
			os.Exit(1)
		}
	}
}
