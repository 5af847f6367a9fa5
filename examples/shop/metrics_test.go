package main

import (
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// metricsOf reads /metrics into series -> value.
func metricsOf(t *testing.T, address string) map[string]float64 {
	t.Helper()
	return parseMetrics(t, get(t, fresh(), "http://"+address+"/metrics").body)
}

func parseMetrics(t *testing.T, page string) map[string]float64 {
	t.Helper()
	series := map[string]float64{}
	for _, line := range strings.Split(strings.TrimSpace(page), "\n") {
		if strings.HasPrefix(line, "#") {
			continue
		}
		name, text, _ := strings.Cut(line, " ")
		value, err := strconv.ParseFloat(text, 64)
		if err != nil {
			t.Fatalf("line %q: %v", line, err)
		}
		series[name] = value
	}
	return series
}

func TestTheUsualSeriesAreBornAtZero(t *testing.T) {
	page := metricsOf(t, startShop(t).address())
	for _, name := range []string{
		`http_requests_total{code="200"}`, `http_requests_total{code="500"}`,
		`orders_total{result="ok"}`, `orders_total{result="failed"}`,
		`http_request_duration_seconds_count`, `http_request_duration_seconds_bucket{le="+Inf"}`,
		`http_requests_in_flight`,
	} {
		if value, found := page[name]; !found || value != 0 {
			t.Errorf("%s: %v, found %t", name, value, found)
		}
	}
}

func TestOnlyTheWorkIsCounted(t *testing.T) {
	address := startShop(t, "ERROR_RATE=50%").address()
	for _, path := range []string{"/", "/healthz", "/readyz", "/metrics", "/"} {
		get(t, http.DefaultClient, "http://"+address+path)
	}
	page := metricsOf(t, address)
	if page[`http_requests_total{code="200"}`] != 1 || page[`http_requests_total{code="500"}`] != 1 {
		t.Errorf("metrics %v", page)
	}
	if page["http_request_duration_seconds_count"] != 2 {
		t.Errorf("metrics %v", page)
	}
}

func TestLatencySlowAndSleepAreInTheHistogram(t *testing.T) {
	address := startShop(t, "LATENCY_MS=60", "SLOW_S=0.25").address()
	get(t, fresh(), "http://"+address+"/")
	get(t, fresh(), "http://"+address+"/?sleep=50ms")
	page := metricsOf(t, address)
	for edge, most := range map[string]float64{"0.1": 0, "0.3": 1, "+Inf": 2} {
		if below := page[`http_request_duration_seconds_bucket{le="`+edge+`"}`]; below > most {
			t.Errorf("%v requests took at most %s s; want at most %v", below, edge, most)
		}
	}
	if sum := page["http_request_duration_seconds_sum"]; sum < 0.06+0.25+0.06+0.05 {
		t.Errorf("sum %v", sum)
	}
}

func TestABusyShopTakesItsTime(t *testing.T) {
	address := startShop(t, "BUSY_MS=20").address()
	get(t, fresh(), "http://"+address+"/")
	get(t, fresh(), "http://"+address+"/")
	if sum := metricsOf(t, address)["http_request_duration_seconds_sum"]; sum < 0.04 {
		t.Errorf("sum %v", sum)
	}
}

func TestSleepTakesThePlaceOfSlow(t *testing.T) {
	address := startShop(t, "SLOW_S=3600").address()
	if answer := get(t, fresh(), "http://"+address+"/?sleep=0s"); answer.code != 200 {
		t.Errorf("got %d", answer.code)
	}
}

func TestBucketsAreCumulativeAndInclusive(t *testing.T) {
	counters := newCounters()
	for _, took := range []time.Duration{0, 5 * time.Millisecond, 6 * time.Millisecond, 300 * time.Millisecond, time.Minute} {
		counters.observe(200, took)
	}
	page := parseMetrics(t, counters.text())
	want := map[string]float64{"0.005": 2, "0.01": 3, "0.025": 3, "0.05": 3, "0.1": 3, "0.25": 3, "0.3": 4,
		"0.5": 4, "1": 4, "2.5": 4, "5": 4, "10": 4, "+Inf": 5}
	for edge, count := range want {
		if got, found := page[`http_request_duration_seconds_bucket{le="`+edge+`"}`]; !found || got != count {
			t.Errorf("le %s: got %v, found %t; want %v", edge, got, found, count)
		}
	}
}

func TestASpreaderPicksExactlyItsShareAlsoWhenAskedAtOnce(t *testing.T) {
	for _, share := range []Share{0, 1, 20_000, 333_333, 500_000, 999_999, whole} {
		requests := &spreader{share: share}
		const n = 10_000
		if got, want := pickedAtOnce(requests, n), requests.picked(n); got != want {
			t.Errorf("share %d: picked %d of %d; want %d", share, got, n, want)
		}
		if want := (uint64(share)*n + 500_000) / 1_000_000; requests.picked(n) != want {
			t.Errorf("share %d: %d; want %d", share, requests.picked(n), want)
		}
	}
}

func pickedAtOnce(requests *spreader, n int) (picked uint64) {
	var group sync.WaitGroup
	var mutex sync.Mutex
	for range n {
		group.Add(1)
		go func() {
			defer group.Done()
			if requests.pick() {
				mutex.Lock()
				defer mutex.Unlock()
				picked++
			}
		}()
	}
	group.Wait()
	return picked
}
