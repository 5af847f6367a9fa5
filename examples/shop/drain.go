package main

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"
)

// margin is the time for closing resources after the drain, the part of the pod's grace period kept for it.
const margin = 5 * time.Second

// drain leaves without losing a request, within limit:
//  1. It keeps listening and answers with "Connection: close", until no request has come for the quiet time. Pods elsewhere
//     may still send here: endpoints travel, and a keep-alive connection knows nothing of them. Closing an idle connection
//     at once would hit requests on their way. HTTP/2 connections are told not to send any more.
//  2. Meanwhile it ends the streams in turn, each in a way that its client recognises.
//  3. Then it closes the listener and the connections that stay idle, ends the streams that came late, and waits for the
//     last answers.
//
// An error says how many requests and streams were cut at the limit. Probes and scrapes keep nobody waiting.
func (s *Shop) drain(server *http.Server, connections *farewells, limit, quiet time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	s.draining.Store(true)
	log.Printf("The shop drains for at most %s; it stops listening after %s without a request.", limit, quiet)
	connections.sayAll()
	s.streams.endInTurn(ctx, s.settings.Streams)
	s.awaitQuiet(ctx, quiet)
	s.streams.endLate()
	if server.Shutdown(ctx) == nil && s.streams.awaitNone(ctx) {
		return nil
	}
	requests, streams := s.counters.inFlight(), s.streams.count()
	_ = server.Close()
	switch {
	case requests == 0 && streams == 0:
		return nil
	case streams == 0:
		return fmt.Errorf("The drain of %s is over and cuts %d requests: raise DRAIN_S.", limit, requests)
	}
	return fmt.Errorf("The drain of %s is over and cuts %d requests and %d streams: raise DRAIN_S.", limit, requests, streams)
}

// awaitQuiet returns when no request has been in work for the quiet time, or at the end of ctx.
func (s *Shop) awaitQuiet(ctx context.Context, quiet time.Duration) {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for s.counters.quietFor(time.Now()) < quiet {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}
