package main

import (
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// Counts are what happened in a stretch of time. A request counts as sent when it begins and as answered or lost when that
// is known, so over a whole run sent = answered + lost, and in between the difference is outstanding. Retries, migrations and
// messages count when they happen.
type Counts struct {
	Sent     int                       `json:"sent"`
	Answered int                       `json:"answered"`
	Lost     int                       `json:"lost"`
	Skipped  int                       `json:"skipped"`
	Late     int                       `json:"late"`
	LagMax   float64                   `json:"lag_max_ms"`
	Codes    map[string]int            `json:"codes"`
	Versions map[string]map[string]int `json:"versions"`
	Kinds    map[string]int            `json:"kinds"`
	Losses   map[string]map[string]int `json:"losses"`   // version, if its answer had begun, to kind
	Retried  int                       `json:"retried"`  // sent again since the server said that it had not begun them
	Migrated int                       `json:"migrated"` // streams that went on after an announced end
	Messages map[string]int            `json:"messages"` // of streams, by version
	Skips    map[string]int            `json:"skips"`
	P50      *float64                  `json:"p50_ms"` // of the answers; null without one
	P99      *float64                  `json:"p99_ms"`
	took     []float32
}

func newCounts() *Counts {
	return &Counts{
		Codes: map[string]int{}, Versions: map[string]map[string]int{}, Kinds: map[string]int{}, Skips: map[string]int{},
		Losses: map[string]map[string]int{}, Messages: map[string]int{},
	}
}

func (c *Counts) begin(lag time.Duration) {
	c.Sent++
	if lag > lateAfter {
		c.Late++
	}
	c.LagMax = max(c.LagMax, milliseconds(lag))
}

func (c *Counts) skip(reason string) {
	c.Skipped++
	c.Skips[reason]++
}

func (c *Counts) end(o Outcome) {
	switch {
	case o.Unsent != "":
		c.Sent--
		c.skip(o.Unsent)
	case o.Loss != "":
		c.Lost++
		c.Kinds[o.Loss]++
		countIn(c.Losses, o.Version, o.Loss)
	default:
		c.answer(o)
	}
}

func (c *Counts) answer(o Outcome) {
	code := strconv.Itoa(o.Status)
	c.Answered++
	c.Codes[code]++
	countIn(c.Versions, o.Version, code)
	c.took = append(c.took, float32(milliseconds(o.Took)))
}

func countIn(counts map[string]map[string]int, outer, inner string) {
	if counts[outer] == nil {
		counts[outer] = map[string]int{}
	}
	counts[outer][inner]++
}

func (c *Counts) close() {
	slices.Sort(c.took)
	c.P50, c.P99 = percentile(c.took, 0.50), percentile(c.took, 0.99)
}

// percentile is the smallest value that at least the share q of the sorted values does not exceed.
func percentile(sorted []float32, q float64) *float64 {
	if len(sorted) == 0 {
		return nil
	}
	rank := int(math.Ceil(q * float64(len(sorted))))
	value := math.Round(float64(sorted[rank-1])*1000) / 1000
	return &value
}

func milliseconds(d time.Duration) float64 {
	return float64(d.Microseconds()) / 1000
}

// Record collects what happens, per second and in total.
type Record struct {
	mutex       sync.Mutex
	began       time.Time
	outstanding int
	secondBegan time.Time
	second      *Counts
	total       *Counts
	worst       *Worst
	first, last *Loss
}

func newRecord(began time.Time) *Record {
	return &Record{began: began, secondBegan: began, second: newCounts(), total: newCounts()}
}

// admit counts a request that is due as sent or as skipped, and says which.
func (r *Record) admit(lag time.Duration, load Load) bool {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	switch {
	case lag > load.MaxLag:
		r.both(func(c *Counts) { c.skip(skipBehind) })
	case r.outstanding >= load.MaxOutstanding:
		r.both(func(c *Counts) { c.skip(skipOutstanding) })
	default:
		r.outstanding++
		r.both(func(c *Counts) { c.begin(lag) })
		return true
	}
	return false
}

// end counts the outcome of an admitted request.
func (r *Record) end(o Outcome) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.outstanding--
	r.both(func(c *Counts) { c.end(o) })
	if o.Loss == "" {
		return
	}
	r.last = newLoss(o, r.began)
	if r.first == nil {
		r.first = r.last
	}
}

// note counts what happens to a request that has no outcome yet.
func (r *Record) note(change func(*Counts)) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.both(change)
}

func (r *Record) both(change func(*Counts)) {
	change(r.second)
	change(r.total)
}
