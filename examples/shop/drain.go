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
//     at once would hit requests on their way.
//  2. Then it closes the listener and the connections that stay idle, and waits for the last answers.
//
// An error says how many requests were cut at the limit. Probes and scrapes keep nobody waiting.
func (s *Shop) drain(server *http.Server, limit, quiet time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	s.draining.Store(true)
	log.Printf("The shop drains for at most %s; it stops listening after %s without a request.", limit, quiet)
	s.awaitQuiet(ctx, quiet)
	if server.Shutdown(ctx) == nil {
		return nil
	}
	cut := s.counters.inFlight()
	_ = server.Close()
	if cut == 0 {
		return nil
	}
	return fmt.Errorf("The drain of %s is over and cuts %d requests: raise DRAIN_S.", limit, cut)
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
