// Command shop is the sample service: a small HTTP server that stops the way a service on Kubernetes should,
// and that environment variables turn into the versions a rollout must survive: slow, failing, crashing, deaf to SIGTERM.
package main

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Exit codes: 0 every request answered, 1 crashed or cut requests, 2 bad settings, 143 killed by SIGTERM without a handler.
const (
	exitClean     = 0
	exitFailed    = 1
	exitBadInput  = 2
	exitByNoGrace = 128 + int(syscall.SIGTERM)
)

func main() {
	log.SetFlags(log.LUTC | log.Ldate | log.Lmicroseconds)
	settings, err := readSettings(os.LookupEnv)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(exitBadInput)
	}
	os.Exit(run(settings, stopSignals(settings)))
}

// stopSignals delivers SIGTERM and SIGINT; with IGNORE_SIGTERM the kernel drops SIGTERM.
func stopSignals(settings Settings) <-chan os.Signal {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGINT, syscall.SIGTERM)
	if settings.IgnoreSigterm {
		signal.Ignore(syscall.SIGTERM)
	}
	return signals
}

func run(settings Settings, stop <-chan os.Signal) int {
	if settings.Crash {
		log.Print("CRASH is set: the shop exits with 1.")
		return exitFailed
	}
	if interrupted := start(settings.Start, stop); interrupted {
		return stoppedBeforeListening(settings)
	}
	if err := serveUntil(stop, settings); err != nil {
		log.Print(err)
		return exitFailed
	}
	log.Print("Every request is answered and everything is closed; the shop exits with 0.")
	return exitClean
}

// start is the time before the shop listens at all: a TCP probe, the operator's default, must see a slow start as well.
func start(length time.Duration, stop <-chan os.Signal) (interrupted bool) {
	if length == 0 {
		return false
	}
	log.Printf("The shop starts for %s before it listens.", length)
	select {
	case <-time.After(length):
		return false
	case <-stop:
		return true
	}
}

func stoppedBeforeListening(settings Settings) int {
	if settings.ExitAtOnce {
		return exitByNoGrace
	}
	return exitClean
}

func serveUntil(stop <-chan os.Signal, settings Settings) error {
	journal, err := openJournal(settings.Journal)
	if err != nil {
		return err
	}
	shop := newShop(settings, journal)
	server, connections, failed, err := listen(settings.Port, shop)
	if err != nil {
		return err
	}
	select {
	case err := <-failed:
		return err
	case <-stop:
	}
	if settings.ExitAtOnce {
		os.Exit(exitByNoGrace)
	}
	return errors.Join(shop.drain(server, connections, settings.Drain, settings.Quiet), closeWithin(margin, journal.Close))
}

// listen serves on IPv4 and IPv6, HTTP/1.1 and HTTP/2 without TLS on one port. It sets no timeout,
// neither for idle connections nor for headers, whose time runs from the moment a connection is opened: a gateway opens some in
// advance, and must never meet a connection that we have given up.
func listen(port int, shop *Shop) (*http.Server, *farewells, <-chan error, error) {
	listener, err := net.Listen("tcp", fmt.Sprintf(":%d", port))
	if err != nil {
		return nil, nil, nil, fmt.Errorf("Port %d is not free (%w): set PORT to another one.", port, err)
	}
	connections := newFarewells(listener)
	var protocols http.Protocols
	protocols.SetHTTP1(true)
	protocols.SetUnencryptedHTTP2(true)
	server := &http.Server{Handler: shop.routes(), Protocols: &protocols, ConnContext: withConn, ConnState: noteState}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(connections) }()
	log.Printf("Version %s listens on %s.", shop.settings.Version, listener.Addr())
	return server, connections, failed, nil
}

// closeWithin gives a resource a limit of its own, so that a hanging one cannot eat the time until SIGKILL unnoticed.
func closeWithin(limit time.Duration, closeResource func() error) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	closed := make(chan error, 1)
	go func() { closed <- closeResource() }()
	select {
	case err := <-closed:
		return err
	case <-ctx.Done():
		return fmt.Errorf("The journal is not closed within %s.", limit)
	}
}
