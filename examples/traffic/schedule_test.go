package main

import (
	"context"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"
)

func TestTheLoopIsOpen(t *testing.T) {
	var all sync.WaitGroup
	all.Add(20)
	// No request is answered before all have come: a client that waits for answers would never get there.
	server := app(t, func(http.ResponseWriter, *http.Request) {
		all.Done()
		all.Wait()
	})
	sendTo(t, server.URL, twenty()...).expect(t, 20, nil)
}

func TestBeyondMaxOutstandingRequestsAreSkippedAndSaySo(t *testing.T) {
	server := newGate(t)
	load, err := parseLoad(twenty("-url", server.url, "-timeout", "1h", "-max-outstanding", "5"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	record := newRecord(time.Now())
	done := make(chan struct{})
	go func() {
		sendOnSchedule(context.Background(), load, record.began, newClient(load), record)
		close(done)
	}()
	for skips(record) < 15 {
		time.Sleep(time.Millisecond)
	}
	server.open()
	<-done
	if total := record.total; total.Answered != 5 || total.Sent != 5 || total.Skipped != 15 || total.Skips[skipOutstanding] != 15 {
		t.Errorf("total %+v", total)
	}
}

func skips(record *Record) int {
	record.mutex.Lock()
	defer record.mutex.Unlock()
	return record.total.Skipped
}

func TestLagIsReportedAndNeverLost(t *testing.T) {
	record, load := newRecord(time.Now()), Load{MaxLag: time.Second, MaxOutstanding: 10}
	for _, row := range []struct {
		lag  time.Duration
		sent bool
	}{{0, true}, {lateAfter + 1, true}, {load.MaxLag, true}, {load.MaxLag + 1, false}} {
		if sent := record.admit(row.lag, load); sent != row.sent {
			t.Errorf("lag %s: sent %t", row.lag, sent)
		}
	}
	if total := record.total; total.Sent != 3 || total.Late != 2 || total.Skips[skipBehind] != 1 || total.Lost != 0 || total.LagMax != 1000 {
		t.Errorf("total %+v", total)
	}
}

func TestPercentilesAreNearestRank(t *testing.T) {
	var hundred []float32
	for i := 1; i <= 100; i++ {
		hundred = append(hundred, float32(i))
	}
	if p50, p99 := percentile(hundred, 0.5), percentile(hundred, 0.99); *p50 != 50 || *p99 != 99 {
		t.Errorf("p50 %v, p99 %v", *p50, *p99)
	}
	if only := percentile([]float32{7}, 0.5); *only != 7 {
		t.Errorf("p50 of one value is %v", *only)
	}
	if none := percentile(nil, 0.5); none != nil {
		t.Errorf("p50 of nothing is %v", *none)
	}
}

func TestTheWorstSecondHasTheMostLostThenTheSlowestAnswers(t *testing.T) {
	slow, fast := 900.0, 1.0
	worst := (*Worst)(nil)
	for _, second := range []Worst{{0, 0, &fast}, {1, 0, &slow}, {2, 0, &fast}, {3, 1, nil}, {4, 2, &fast}, {5, 2, nil}, {6, 1, &slow}} {
		worst = worse(worst, &second)
	}
	if worst.T != 4 {
		t.Errorf("worst second %+v; want that at 4", worst)
	}
	if quiet := worse(&Worst{0, 0, &fast}, &Worst{1, 0, &slow}); quiet.T != 1 {
		t.Errorf("worst second %+v; want the slower one", quiet)
	}
}
