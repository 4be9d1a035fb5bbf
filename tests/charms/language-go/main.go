// Tells its language, and shows those that it hears of. The program is the charm's dispatch.
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"sort"
	"strings"
)

// call runs a hook command, and reads what it answers into a value where there is one.
func call(into any, command string, arguments ...string) {
	run := exec.Command(command, arguments...)
	run.Stderr = os.Stderr
	output, err := run.Output()
	if err == nil && into != nil {
		err = json.Unmarshal(output, into)
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "%s %s: %v\n", command, strings.Join(arguments, " "), err)
		os.Exit(1)
	}
}

func main() {
	if strings.HasSuffix(os.Getenv("JUJU_DISPATCH_PATH"), "-relation-created") {
		call(nil, "relation-set", "language=go")
	}
	heard := map[string]bool{}
	for _, endpoint := range []string{"tells", "hears"} {
		var relations []string
		call(&relations, "relation-ids", "--format=json", endpoint)
		for _, relation := range relations {
			var units []string
			call(&units, "relation-list", "--format=json", "-r", relation)
			for _, unit := range units {
				var language string
				call(&language, "relation-get", "--format=json", "-r", relation, "language", unit)
				heard[language] = language != ""
			}
		}
	}
	var names []string
	for name, told := range heard {
		if told {
			names = append(names, name)
		}
	}
	sort.Strings(names)
	if len(names) > 0 {
		call(nil, "status-set", "active", "hears "+strings.Join(names, " "))
	} else {
		call(nil, "status-set", "waiting", "hears nothing")
	}
}
