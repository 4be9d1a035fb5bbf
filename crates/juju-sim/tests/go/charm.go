// A charm that talks to the agent by Go's own net/rpc, as Juju's client does. It prints what it learns.
package main

import (
	"fmt"
	"net/rpc"
	"os"
	"sync"
)

// Request is what a call is made of in Juju 3.6.
type Request struct {
	ContextId   string
	Dir         string
	CommandName string
	Args        []string
	StdinSet    bool
	Stdin       []byte
	Token       string
}

// Response is what a call gives.
type Response struct {
	Code   int
	Stdout []byte
	Stderr []byte
}

// Later has another order, another name, and no token, as in Juju 4; and it has more.
type Later struct {
	Tags        map[string][]int
	Args        []string
	Nested      struct{ Deep []struct{ X, Y float64 } }
	Stdin       []byte
	CommandName string
	Anything    any
	Dir         string
	StdinSet    bool
	ContextId   string
}

// Shorter lacks what an answer has.
type Shorter struct {
	Stdout []byte
}

// Wrong has a field of another type.
type Wrong struct {
	ContextId int
}

// Foreign has nothing that a call has.
type Foreign struct {
	Name string
}

func main() {
	if os.Getenv("JUJU_HOOK_NAME") != "install" {
		return
	}
	client := dial()
	call := func(method string, request any) {
		var response Response
		if err := client.Call(method, request, &response); err != nil {
			fmt.Printf("error: %v\n", err)
			return
		}
		fmt.Printf("%d %q %q\n", response.Code, response.Stdout, response.Stderr)
	}
	ask := func(args ...string) { call("Jujuc.Main", request(args...)) }

	ask("is-leader", "--format=json")
	ask("state-get", "nothing", "more")
	stdin := request("state-set", "--file", "-")
	call("Jujuc.Main", stdin)
	stdin.StdinSet = true
	call("Jujuc.Main", stdin)
	stdin.Stdin = []byte("from: stdin")
	call("Jujuc.Main", stdin)

	later := Later{
		Tags:        map[string][]int{"a": {1, 2}, "b": nil},
		Args:        []string{"later=yes"},
		CommandName: "state-set",
		Dir:         "/",
		ContextId:   os.Getenv("JUJU_CONTEXT_ID"),
	}
	later.Nested.Deep = append(later.Nested.Deep, struct{ X, Y float64 }{1.5, -2})
	call("Jujuc.Main", later)
	call("Jujuc.Main", &later)
	var shorter Shorter
	fmt.Println(client.Call("Jujuc.Main", request("state-get", "later"), &shorter), string(shorter.Stdout))

	call("Jujuc.Main", Wrong{7})
	call("Jujuc.Main", Foreign{"x"})
	call("Jujuc.Main", "text")
	call("Jujuc.Nope", request("is-leader"))
	call("Nope.Main", request("is-leader"))
	call("Nope", Foreign{"x"})
	other := request("is-leader")
	other.ContextId = "other\n"
	call("Jujuc.Main", other)
	token := request("is-leader")
	token.Token = "x"
	call("Jujuc.Main", token)
	ask("nosuch")
	ask("is-leader")

	pipelined(client)
	together()
	// The agent does not wait for who hangs.
	dial()
}

func dial() *rpc.Client {
	client, err := rpc.Dial(os.Getenv("JUJU_AGENT_SOCKET_NETWORK"), os.Getenv("JUJU_AGENT_SOCKET_ADDRESS"))
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	return client
}

func request(args ...string) Request {
	return Request{ContextId: os.Getenv("JUJU_CONTEXT_ID"), Dir: "/", CommandName: args[0], Args: args[1:]}
}

// Many calls before the first answer is read.
func pipelined(client *rpc.Client) {
	calls := make([]*rpc.Call, 100)
	for i := range calls {
		set := request("state-set", fmt.Sprintf("pipelined-%d=x", i))
		calls[i] = client.Go("Jujuc.Main", set, new(Response), nil)
	}
	answered := 0
	for _, call := range calls {
		<-call.Done
		if call.Error == nil && call.Reply.(*Response).Code == 0 {
			answered++
		}
	}
	fmt.Println(answered, "pipelined calls answered")
}

// Several clients at once.
func together() {
	var group sync.WaitGroup
	var lock sync.Mutex
	answered := 0
	for c := 0; c < 8; c++ {
		group.Add(1)
		go func() {
			defer group.Done()
			client := dial()
			defer client.Close()
			for i := 0; i < 20; i++ {
				var response Response
				err := client.Call("Jujuc.Main", request("is-leader"), &response)
				if err == nil && string(response.Stdout) == "True\n" {
					lock.Lock()
					answered++
					lock.Unlock()
				}
			}
		}()
	}
	group.Wait()
	fmt.Println(answered, "calls of eight clients answered")
}
