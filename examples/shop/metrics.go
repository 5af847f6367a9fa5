package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// edges are the upper bounds of the histogram's buckets, in seconds; +Inf follows.
var edges = []float64{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.3, 0.5, 1, 2.5, 5, 10}

// Counters are what /metrics shows. One lock, so that every scrape sees one moment.
type Counters struct {
	mutex        sync.Mutex
	requests     map[int]uint64
	buckets      []uint64 // per bucket, not yet cumulative; the last one is +Inf
	seconds      float64
	working      int
	lastEnd      time.Time
	ordersTaken  uint64
	ordersFailed uint64
}

// newCounters starts the usual codes at zero: a series that first appears with its first error hides that error from rate().
func newCounters() *Counters {
	return &Counters{requests: map[int]uint64{200: 0, 500: 0}, buckets: make([]uint64, len(edges)+1)}
}

func (c *Counters) begin() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.working++
}

func (c *Counters) end() {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.working--
	c.lastEnd = time.Now()
}

// observe counts one answer. The bucket is the first whose edge is not below the duration, as Prometheus defines it.
func (c *Counters) observe(code int, took time.Duration) {
	bucket, _ := slices.BinarySearch(edges, took.Seconds())
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.requests[code]++
	c.buckets[bucket]++
	c.seconds += took.Seconds()
}

func (c *Counters) order(taken bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if taken {
		c.ordersTaken++
	} else {
		c.ordersFailed++
	}
}

func (c *Counters) inFlight() int {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.working
}

// quietFor is how long no request has been in work; for ever, if there never was one.
func (c *Counters) quietFor(now time.Time) time.Duration {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	switch {
	case c.working > 0:
		return 0
	case c.lastEnd.IsZero():
		return math.MaxInt64
	}
	return now.Sub(c.lastEnd)
}

// text is the Prometheus text format, version 0.0.4.
func (c *Counters) text() string {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	var page strings.Builder
	c.writeRequests(&page)
	c.writeDurations(&page)
	describe(&page, "http_requests_in_flight", "gauge", "Requests in work now.")
	fmt.Fprintf(&page, "http_requests_in_flight %d\n", c.working)
	describe(&page, "orders_total", "counter", "Orders by result.")
	fmt.Fprintf(&page, "orders_total{result=\"ok\"} %d\n", c.ordersTaken)
	fmt.Fprintf(&page, "orders_total{result=\"failed\"} %d\n", c.ordersFailed)
	return page.String()
}

func (c *Counters) writeRequests(page *strings.Builder) {
	describe(page, "http_requests_total", "counter", "Requests answered, by status code; without probes and scrapes.")
	codes := make([]int, 0, len(c.requests))
	for code := range c.requests {
		codes = append(codes, code)
	}
	slices.Sort(codes)
	for _, code := range codes {
		fmt.Fprintf(page, "http_requests_total{code=\"%d\"} %d\n", code, c.requests[code])
	}
}

func (c *Counters) writeDurations(page *strings.Builder) {
	describe(page, "http_request_duration_seconds", "histogram", "How long requests took.")
	var below uint64
	for i, count := range c.buckets {
		below += count
		fmt.Fprintf(page, "http_request_duration_seconds_bucket{le=\"%s\"} %d\n", edgeName(i), below)
	}
	fmt.Fprintf(page, "http_request_duration_seconds_sum %s\n", decimal(c.seconds))
	fmt.Fprintf(page, "http_request_duration_seconds_count %d\n", below)
}

func edgeName(bucket int) string {
	if bucket == len(edges) {
		return "+Inf"
	}
	return decimal(edges[bucket])
}

func decimal(value float64) string {
	return strconv.FormatFloat(value, 'g', -1, 64)
}

func describe(page *strings.Builder, name, kind, help string) {
	fmt.Fprintf(page, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, kind)
}
