// Command traffic sends requests of several protocols at a constant rate, whatever comes back, and tells a lost request from an answer
// of the app. It prints one JSON object per second and a summary at the end; it judges nothing.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes: 0 it has sent what it was asked to, 1 its output cannot be written, 2 bad flags.
const (
	exitFailed   = 1
	exitBadInput = 2
)

func main() {
	load, err := parseLoad(os.Args[1:], os.Stderr)
	if errors.Is(err, flag.ErrHelp) {
		return
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitBadInput)
	}
	if err := run(stopAsked(load, os.Stdin), load, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitFailed)
	}
}

// stopAsked ends at SIGTERM, SIGINT or with the input: no further request is sent then. A second signal kills.
func stopAsked(load Load, input io.Reader) context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	context.AfterFunc(ctx, stop)
	if load.UntilInputEnds {
		go func() {
			_, _ = io.Copy(io.Discard, input)
			stop()
		}()
	}
	return ctx
}

// run sends until ctx or -for ends, waits for the answers that are still due, and prints the summary.
func run(ctx context.Context, load Load, output io.Writer) error {
	began := time.Now()
	client, record := newClient(load), newRecord(began)
	client.record, client.stopping = record, ctx.Done()
	done := make(chan struct{})
	go func() {
		sendOnSchedule(ctx, load, began, client, record)
		close(done)
	}()
	return printReport(done, client, record, output)
}
