// The Magpie charm on goops: what the benchmark compares the Rust charm with.
//
// It behaves as the Rust charm does, without what Juju refuses and an operator mistypes: it tells the peers its addresses
// and remembers having told them, holds each peer that joins until it can be reached, logs whom it acknowledged, makes
// good on what it missed, and shows how many there are. goops starts a process for each hook command.
package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/gruyaume/goops"
)

const (
	endpoint  = "magpie"
	addresses = "iperf_addresses"
	stateKey  = "magpie"
	named     = 5 // How many units a status message names.
)

// state is what has to outlive a dispatch.
type state struct {
	Known   []string `json:"known"`
	Pending []string `json:"pending"`
	Told    string   `json:"told"`
}

type config struct {
	Network string `json:"network"`
}

func main() {
	if err := dispatch(); err != nil {
		goops.LogErrorf("%s", err)
		os.Exit(1)
	}
}

func dispatch() error {
	env := goops.ReadEnv()
	hook := strings.TrimPrefix(env.HookName, endpoint+"-")
	if hook == "stop" || hook == "remove" {
		return nil
	}
	ids, err := goops.GetRelationIDs(endpoint)
	if err != nil {
		return err
	}
	if env.ActionName == "peers" {
		return peers(ids)
	}
	before, err := load()
	if err != nil {
		return err
	}
	after := before
	var units []string
	for _, id := range ids {
		listed, err := goops.ListRelationUnits(id)
		if err != nil {
			return err
		}
		units = append(units, listed...)
	}
	sortUnits(units)
	if err := reconcile(hook, os.Getenv("JUJU_REMOTE_UNIT"), ids, units, &after); err != nil {
		return err
	}
	if err := advertise(hook, ids, &after); err != nil {
		return err
	}
	var options config
	if err := goops.GetConfig(&options); err != nil {
		return err
	}
	if text := encoded(after); text != encoded(before) {
		if err := goops.SetState(stateKey, text); err != nil {
			return err
		}
	}
	return show(units, after)
}

func load() (state, error) {
	var loaded state
	text, err := goops.GetState(stateKey)
	if err != nil {
		// goops has no other way to say that there is none.
		return loaded, nil
	}
	return loaded, json.Unmarshal([]byte(text), &loaded)
}

func reconcile(hook, remote string, ids, units []string, now *state) error {
	for _, name := range now.Known {
		if !slices.Contains(units, name) {
			goops.LogInfof("PeerDeparted %s: acknowledged; %s", name, counted(units))
		}
	}
	var pending []string
	for _, name := range units {
		if slices.Contains(now.Known, name) && !slices.Contains(now.Pending, name) {
			continue
		}
		data, err := goops.GetUnitRelationData(ids[0], name)
		if err != nil {
			return err
		}
		joining := hook == "relation-joined" && name == remote
		hasAddress := data["ingress-address"] != "" || data["private-address"] != ""
		if data[addresses] == "" && (joining || !hasAddress) {
			pending = append(pending, name)
			continue
		}
		goops.LogInfof("PeerJoined %s: acknowledged; %s", name, counted(units))
	}
	now.Known, now.Pending = units, pending
	return nil
}

func advertise(hook string, ids []string, now *state) error {
	news := []string{"relation-created", "config-changed", "start", "upgrade-charm"}
	if len(ids) == 0 || (now.Told != "" && !slices.Contains(news, hook)) {
		return nil
	}
	network, err := goops.GetNetwork(endpoint)
	if err != nil {
		return err
	}
	var found []string
	for _, bound := range network.BindAddresses {
		for _, address := range bound.Addresses {
			found = append(found, address.Value)
		}
	}
	text := encoded(found)
	if now.Told == text {
		return nil
	}
	now.Told = text
	return goops.SetUnitRelationData(ids[0], map[string]string{addresses: text})
}

func show(units []string, now state) error {
	if now.Told == "" {
		return goops.SetUnitStatus(goops.StatusWaiting, "no address is advertised yet")
	}
	if len(now.Pending) > 0 {
		more := ""
		if len(now.Pending) > named {
			more = fmt.Sprintf(" and %d more", len(now.Pending)-named)
		}
		first := strings.Join(now.Pending[:min(named, len(now.Pending))], ", ")
		return goops.SetUnitStatus(goops.StatusWaiting, "Not yet acknowledged: "+first+more)
	}
	return goops.SetUnitStatus(goops.StatusActive, "Ready, with "+counted(units))
}

// peers lists the peers as the configured network has it, from an offset on, and those that are not acknowledged.
func peers(ids []string) error {
	type node struct {
		Address string `json:"address"`
		Unit    string `json:"unit"`
	}
	var params struct {
		Offset int `json:"offset"`
	}
	if err := goops.GetActionParams(&params); err != nil {
		return err
	}
	var options config
	if err := goops.GetConfig(&options); err != nil {
		return err
	}
	now, err := load()
	if err != nil {
		return err
	}
	var network *net.IPNet
	if options.Network != "" {
		if _, network, err = net.ParseCIDR(options.Network); err != nil {
			return err
		}
	}
	var nodes []node
	for _, id := range ids {
		units, err := goops.ListRelationUnits(id)
		if err != nil {
			return err
		}
		sortUnits(units)
		for _, name := range units {
			data, err := goops.GetUnitRelationData(id, name)
			if err != nil {
				return err
			}
			nodes = append(nodes, node{preferred(data, network), name})
		}
	}
	listed := nodes[min(max(params.Offset, 0), len(nodes)):]
	return goops.SetActionResults(map[string]string{
		"count": strconv.Itoa(len(nodes)), "nodes": encoded(listed), "pending": encoded(now.Pending),
	})
}

// preferred is the address of a peer inside a network, where it has one, else the one that Juju gives it.
func preferred(data map[string]string, network *net.IPNet) string {
	given := data["ingress-address"]
	var advertised []string
	if network == nil || json.Unmarshal([]byte(data[addresses]), &advertised) != nil {
		return given
	}
	for _, text := range append([]string{given}, advertised...) {
		if ip := net.ParseIP(text); ip != nil && network.Contains(ip) {
			return text
		}
	}
	return given
}

func counted(units []string) string {
	if len(units) == 1 {
		return "1 peer"
	}
	return fmt.Sprintf("%d peers", len(units))
}

func sortUnits(units []string) {
	number := func(name string) int {
		n, _ := strconv.Atoi(name[strings.LastIndex(name, "/")+1:])
		return n
	}
	slices.SortFunc(units, func(one, other string) int { return number(one) - number(other) })
}

func encoded(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		panic(err)
	}
	return string(text)
}
