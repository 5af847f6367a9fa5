package main

import (
	"encoding/json"
	"io"
	"math"
	"time"
)

// Second is one line of the output: what happened from T seconds after the start until the next line.
type Second struct {
	T           int     `json:"t"`
	Unix        float64 `json:"unix"`
	Outstanding int     `json:"outstanding"`
	*Counts
}

// Summary is the last line.
type Summary struct {
	Seconds float64 `json:"seconds"`
	Unix    float64 `json:"unix"` // of the start
	Dials   int64   `json:"dials"`
	*Counts
	Worst *Worst `json:"worst_second"`
	First *Loss  `json:"first_loss"`
	Last  *Loss  `json:"last_loss"`
}

// Worst is the second with the most lost requests; among equals the one with the slowest answers.
type Worst struct {
	T    int      `json:"t"`
	Lost int      `json:"lost"`
	P99  *float64 `json:"p99_ms"`
}

// Loss is one lost request. T and Unix are those of its beginning; status, version and pod are empty if no head of an
// answer came.
type Loss struct {
	T       float64 `json:"t"`
	Unix    float64 `json:"unix"`
	Kind    string  `json:"kind"`
	Waited  float64 `json:"waited_ms"`
	Address string  `json:"address"`
	Reused  bool    `json:"reused"`
	Status  int     `json:"status"`
	Version string  `json:"version"`
	Pod     string  `json:"pod"`
	Error   string  `json:"error"`
}

func newLoss(o Outcome, began time.Time) *Loss {
	return &Loss{
		T: round(o.Began.Sub(began).Seconds()), Unix: unix(o.Began), Kind: o.Loss, Waited: milliseconds(o.Took),
		Address: o.Address, Reused: o.Reused, Status: o.Status, Version: o.Version, Pod: o.Pod, Error: o.Err.Error(),
	}
}

// printReport prints a line per second until done, and the summary.
func printReport(done <-chan struct{}, client *Client, record *Record, output io.Writer) error {
	lines := json.NewEncoder(output)
	second := time.NewTicker(time.Second)
	defer second.Stop()
	for {
		select {
		case now := <-second.C:
			if err := lines.Encode(record.cut(now)); err != nil {
				return err
			}
		case <-done:
			return printEnd(lines, client, record)
		}
	}
}

func printEnd(lines *json.Encoder, client *Client, record *Record) error {
	now := time.Now()
	if err := lines.Encode(record.cut(now)); err != nil {
		return err
	}
	return lines.Encode(map[string]Summary{"summary": record.summary(now, client.dials.Load())})
}

// cut ends the current second and begins the next.
func (r *Record) cut(now time.Time) Second {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	line := Second{
		T: int(r.secondBegan.Sub(r.began).Seconds()), Unix: unix(r.secondBegan), Outstanding: r.outstanding, Counts: r.second,
	}
	line.close()
	r.worst = worse(r.worst, &Worst{line.T, line.Lost, line.P99})
	r.second, r.secondBegan = newCounts(), now
	return line
}

func (r *Record) summary(now time.Time, dials int64) Summary {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.total.close()
	return Summary{
		Seconds: round(now.Sub(r.began).Seconds()), Unix: unix(r.began), Dials: dials,
		Counts: r.total, Worst: r.worst, First: r.first, Last: r.last,
	}
}

func worse(a, b *Worst) *Worst {
	if a == nil || b.Lost > a.Lost || b.Lost == a.Lost && slower(b.P99, a.P99) {
		return b
	}
	return a
}

// slower treats a second without an answer as the fastest.
func slower(a, b *float64) bool {
	return a != nil && (b == nil || *a > *b)
}

func unix(moment time.Time) float64 {
	return round(float64(moment.UnixMicro()) / 1e6)
}

func round(seconds float64) float64 {
	return math.Round(seconds*1000) / 1000
}
