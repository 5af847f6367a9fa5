package main

import (
	"context"
	"sync"
	"time"
)

// lateAfter is the lag behind the schedule that is worth reporting.
const lateAfter = 100 * time.Millisecond

// Why a request was not sent: always a shortcoming of this machine, never of the service.
const (
	skipBehind      = "behind-schedule"
	skipOutstanding = "max-outstanding"
)

// sendOnSchedule begins request i at i/rate seconds, whatever became of those before it, and returns when all are ended.
// What is late by more than MaxLag is skipped: a machine that stood still would otherwise throw seconds of load at the
// service at once, which is no constant rate any more.
func sendOnSchedule(ctx context.Context, load Load, began time.Time, client *Client, record *Record) {
	var attempts sync.WaitGroup
	defer attempts.Wait()
	for i := 0; ; i++ {
		offset := time.Duration(float64(i) / load.Rate * float64(time.Second))
		if load.For > 0 && offset >= load.For || !sleepUntil(ctx, began.Add(offset)) {
			return
		}
		if !record.admit(time.Since(began.Add(offset)), load) {
			continue
		}
		attempts.Add(1)
		go func() {
			defer attempts.Done()
			client.send(i, record.end)
		}()
	}
}

// sleepUntil says whether the moment came before the end of ctx.
func sleepUntil(ctx context.Context, moment time.Time) bool {
	wait := time.Until(moment)
	if wait <= 0 {
		return ctx.Err() == nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
