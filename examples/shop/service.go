package main

import (
	"fmt"
	"io"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"
)

// statusClientGone is nginx's number for a client that left before its answer; nobody sees it but the counters.
const statusClientGone = 499

// Shop answers requests and counts them.
type Shop struct {
	settings    Settings
	counters    *Counters
	journal     *Journal
	streams     *Streams
	errors      spreader
	orderErrors spreader
	draining    atomic.Bool
}

func newShop(settings Settings, journal *Journal) *Shop {
	return &Shop{
		settings:    settings,
		counters:    newCounters(),
		journal:     journal,
		streams:     newStreams(),
		errors:      spreader{share: settings.ErrorRate},
		orderErrors: spreader{share: settings.OrderFailRate},
	}
}

// routes sends every path but those of the platform and of the other protocols to the work, so that a route may add any prefix.
func (s *Shop) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/", s.work)
	mux.HandleFunc("/healthz", s.healthy)
	mux.HandleFunc("/readyz", s.ready)
	mux.HandleFunc("/metrics", s.metrics)
	mux.HandleFunc("/upload", s.upload)
	mux.HandleFunc("/events", s.events)
	mux.HandleFunc("/socket", s.socket)
	mux.HandleFunc("/shop.v1.Shop/Get", s.grpc(s.get))
	mux.HandleFunc("/shop.v1.Shop/Watch", s.grpc(s.watch))
	mux.HandleFunc("/grpc.health.v1.Health/Check", s.grpc(s.check))
	mux.HandleFunc("/shop.v1.Shop/", s.grpc(s.unknown))
	mux.HandleFunc("/grpc.health.v1.Health/", s.grpc(s.unknown))
	return mux
}

// work takes its time, then takes an order or fails. It is counted before it is sent: whoever has an answer finds it in /metrics.
func (s *Shop) work(w http.ResponseWriter, r *http.Request) {
	began := time.Now()
	s.counters.begin()
	defer s.counters.end()
	code, text := s.perform(r)
	s.settle(code, began)
	s.answer(w, r, code, fmt.Sprintf("%s Version %s, pod %s.\n", text, s.settings.Version, s.settings.Pod))
}

func (s *Shop) perform(r *http.Request) (code int, text string) {
	length, err := s.length(r)
	if err != nil {
		return http.StatusBadRequest, err.Error()
	}
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return statusClientGone, "The request's body ends early."
	}
	return s.toil(r, length)
}

// toil takes the time and fails as often as it is told to.
func (s *Shop) toil(r *http.Request, length time.Duration) (code int, text string) {
	select {
	case <-time.After(length):
	case <-r.Context().Done():
		return statusClientGone, "The client has left."
	}
	keepBusy(s.settings.Busy)
	if s.errors.pick() {
		return http.StatusInternalServerError, "The shop fails."
	}
	return http.StatusOK, "Hello from the shop."
}

// keepBusy uses a processor for so long, which is what an autoscaler sees.
func keepBusy(length time.Duration) {
	for began := time.Now(); time.Since(began) < length; {
	}
}

// settle counts what was worked on: the order, the status and the time since began.
func (s *Shop) settle(code int, began time.Time) {
	if code != http.StatusBadRequest && code != statusClientGone {
		s.takeOrder(code)
	}
	s.counters.observe(code, time.Since(began))
}

// length is how long this request takes: LATENCY_MS, and ?sleep= or else SLOW_S.
func (s *Shop) length(r *http.Request) (time.Duration, error) {
	return s.lengthOf(r.URL.Query().Get("sleep"))
}

func (s *Shop) lengthOf(asked string) (time.Duration, error) {
	if asked == "" {
		return s.settings.Latency + s.settings.Slow, nil
	}
	sleep, err := time.ParseDuration(asked)
	if err != nil || sleep < 0 || sleep > time.Hour {
		return 0, fmt.Errorf("The parameter sleep is %q: give a duration from 0s to 1h, for example 8s or 250ms.", asked)
	}
	return s.settings.Latency + sleep, nil
}

// takeOrder counts one order. ORDER_FAIL_RATE fails orders behind an answer that is 200, which only a custom objective sees.
func (s *Shop) takeOrder(code int) {
	taken := code == http.StatusOK && !s.orderErrors.pick()
	s.counters.order(taken)
	s.journal.Write(code, taken)
}

func (s *Shop) healthy(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, http.StatusOK, "alive\n")
}

// ready stays 200 while draining: the pod is already leaving the endpoints, and when it is the last one of its service,
// kube-proxy still sends requests to a terminating pod as long as it is ready.
func (s *Shop) ready(w http.ResponseWriter, r *http.Request) {
	s.answer(w, r, http.StatusOK, "ready\n")
}

func (s *Shop) metrics(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	s.answer(w, r, http.StatusOK, s.counters.text()+s.streams.text())
}

// mark names version and pod. After SIGTERM it also tells the client to open its next connection elsewhere; this is
// decided right before the answer, since a request that was begun before SIGTERM ends after it.
func (s *Shop) mark(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("X-Version", s.settings.Version)
	w.Header().Set("X-Pod", s.settings.Pod)
	switch {
	case !s.draining.Load():
	case r.ProtoMajor == 1:
		w.Header().Set("Connection", "close")
	default:
		connOf(r).sayFarewell()
	}
}

func (s *Shop) answer(w http.ResponseWriter, r *http.Request, code int, body string) {
	s.mark(w, r)
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(code)
	_, _ = io.WriteString(w, body) // a client that has left is counted, there is nobody to tell
}
