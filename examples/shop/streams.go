package main

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// How a stream ended. Its client recognises only the first as a request to connect again.
const (
	endLeaving = "leaving" // we have told the client that we leave
	endClient  = "client"  // the client has ended it, or is gone
)

// Kinds of streams.
const (
	kindEvents = "sse"
	kindSocket = "websocket"
	kindWatch  = "grpc"
)

// Streams are the answers that last until somebody ends them. The server's shutdown does not know WebSockets at all, and
// for the others it waits without telling them anything: so they are listed here and asked to leave.
type Streams struct {
	mutex sync.Mutex
	open  []*stream // in the order in which they were opened
	ended map[string]map[string]uint64
}

// stream is one of them: it goes on until leave is closed.
type stream struct {
	kind  string
	leave chan struct{}
	once  sync.Once
}

func newStreams() *Streams {
	streams := &Streams{ended: map[string]map[string]uint64{}}
	for _, kind := range []string{kindEvents, kindSocket, kindWatch} {
		streams.ended[kind] = map[string]uint64{endLeaving: 0, endClient: 0}
	}
	return streams
}

func (s *Streams) begin(kind string) *stream {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	begun := &stream{kind: kind, leave: make(chan struct{})}
	s.open = append(s.open, begun)
	return begun
}

func (s *Streams) end(ended *stream, how string) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.open = slices.DeleteFunc(s.open, func(other *stream) bool { return other == ended })
	s.ended[ended.kind][how]++
}

func (s *stream) askToLeave() {
	s.once.Do(func() { close(s.leave) })
}

func (s *Streams) count() int {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return len(s.open)
}

func (s *Streams) all() []*stream {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	return slices.Clone(s.open)
}

// endInTurn asks the streams that are open now to leave, evenly over the given time, so that their clients do not all come
// back at one moment. Streams that come later stay for now: somebody sends them here, perhaps since there is no other pod.
func (s *Streams) endInTurn(ctx context.Context, over time.Duration) {
	leaving := s.all()
	for i, next := range leaving {
		next.askToLeave()
		select {
		case <-time.After(over / time.Duration(len(leaving))):
		case <-ctx.Done():
			for _, late := range leaving[i:] {
				late.askToLeave()
			}
			return
		}
	}
}

// endLate asks everybody who is still here to leave at once.
func (s *Streams) endLate() {
	for _, late := range s.all() {
		late.askToLeave()
	}
}

// awaitNone says whether every stream has ended before the end of ctx.
func (s *Streams) awaitNone(ctx context.Context) bool {
	look := time.NewTicker(20 * time.Millisecond)
	defer look.Stop()
	for s.count() > 0 {
		select {
		case <-look.C:
		case <-ctx.Done():
			return false
		}
	}
	return true
}

// text is what /metrics says about streams.
func (s *Streams) text() string {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	open := map[string]int{}
	for _, one := range s.open {
		open[one.kind]++
	}
	var page strings.Builder
	describe(&page, "streams_open", "gauge", "Streams that are open now.")
	for _, kind := range []string{kindEvents, kindWatch, kindSocket} {
		fmt.Fprintf(&page, "streams_open{kind=\"%s\"} %d\n", kind, open[kind])
	}
	describe(&page, "streams_ended_total", "counter", "Streams that have ended, by who ended them.")
	for _, kind := range []string{kindEvents, kindWatch, kindSocket} {
		for _, how := range []string{endClient, endLeaving} {
			fmt.Fprintf(&page, "streams_ended_total{kind=\"%s\",end=\"%s\"} %d\n", kind, how, s.ended[kind][how])
		}
	}
	return page.String()
}

// admit decides about a stream that a client wants to open. The opening is a request like every other, with latency and
// share of errors; how long the stream lasts afterwards is no latency and appears in the streams' own series.
func (s *Shop) admit(r *http.Request, opened int) (code int, text string) {
	began := time.Now()
	s.counters.begin()
	defer s.counters.end()
	if code, text = s.toil(r, s.settings.Latency); code == http.StatusOK {
		code = opened
	}
	s.counters.observe(code, time.Since(began))
	return code, text
}

// tell calls say with 1, 2, … in every tick until it fails, the client is gone or we leave; it returns who ended the stream.
func (s *Shop) tell(ctx context.Context, told *stream, say func(n int) error) (how string) {
	tick := time.NewTicker(s.settings.Tick)
	defer tick.Stop()
	for n := 1; ; n++ {
		if say(n) != nil {
			return endClient
		}
		select {
		case <-tick.C:
		case <-told.leave:
			return endLeaving
		case <-ctx.Done():
			return endClient
		}
	}
}
