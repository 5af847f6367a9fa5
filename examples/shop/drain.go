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
//  1. It keeps listening and answers with "Connection: close", until no request has been in work for the quiet time. Pods
//     elsewhere may still send here: endpoints travel, and a keep-alive connection knows nothing of them. HTTP/2 connections
//     are told not to send any more; those on which nothing comes are ended one by one, a little after the quiet time.
//  2. Meanwhile it ends the streams in turn, each in a way that its client recognises.
//  3. Then it closes the listener, ends the streams that came late, and waits for the last connections and answers.
//
// An error says how many requests and streams were cut at the limit. Probes and scrapes keep nobody waiting.
func (s *Shop) drain(server *http.Server, connections *farewells, limit, quiet time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	s.draining.Store(true)
	log.Printf("The shop drains for at most %s; it stops listening after %s without a request.", limit, quiet)
	connections.sayAll()
	go connections.endRested(ctx, quiet)
	s.streams.endInTurn(ctx, s.settings.Streams)
	await(ctx, func() bool { return s.counters.quietFor(time.Now()) >= quiet })
	_ = connections.Close() // whatever fails here fails again at the shutdown
	s.streams.endLate()
	await(ctx, func() bool { return !connections.anyOfHTTP1() })
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

// await returns when it is seen, or at the end of ctx.
func await(ctx context.Context, seen func() bool) {
	look := time.NewTicker(restLook)
	defer look.Stop()
	for !seen() {
		select {
		case <-look.C:
		case <-ctx.Done():
			return
		}
	}
}
