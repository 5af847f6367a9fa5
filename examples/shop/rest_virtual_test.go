//go:build go1.25

package main

import (
	"bufio"
	"io"
	"log"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// habit is how long a client lets its kept connection rest between two requests.
type habit struct {
	name   string
	steady bool // never longer than the quiet time
	long   bool // its requests take 20 s once it has rested
	gap    func(random *rand.Rand) float64
}

const quietTime = 5.0

var habits = []habit{
	{"up to the quiet time", true, false, func(r *rand.Rand) float64 { return 0.99 * quietTime * r.Float64() }},
	{"just below the quiet time", true, false, func(*rand.Rand) float64 { return 0.99 * quietTime }},
	{"the quiet time", false, false, func(*rand.Rand) float64 { return quietTime }},
	{"about the quiet time", false, false, func(r *rand.Rand) float64 { return quietTime * (0.98 + 0.04*r.Float64()) }},
	{"1.2 quiet times", false, false, func(*rand.Rand) float64 { return 1.2 * quietTime }},
	{"up to three quiet times", false, false, func(r *rand.Rand) float64 { return 3 * quietTime * r.Float64() }},
	{"by chance, a quiet time", false, false, func(r *rand.Rand) float64 { return quietTime * r.ExpFloat64() }},
	{"by chance, a minute", false, false, func(r *rand.Rand) float64 { return 60 * r.ExpFloat64() }},
	{"long requests, by chance, a minute", false, true, func(r *rand.Rand) float64 { return 60 * r.ExpFloat64() }},
}

// What becomes of the last request on a connection.
const (
	lastWell = "well"
	lastRace = "lost on its way" // asked, but the connection was ended at that moment
	lastCut  = "cut"             // in work at the end of the drain
)

// keepAsking uses one connection until the shop ends it, as a client that sends nothing twice.
func keepAsking(on *side, random *rand.Rand, of habit, over <-chan struct{}) (last string) {
	defer on.Close()
	answers := bufio.NewReader(on)
	for path := "/?sleep=5ms"; ; {
		asked := time.Now()
		_, _ = io.WriteString(on, "GET "+path+" HTTP/1.1\r\nHost: shop\r\n\r\n")
		answer, err := http.ReadResponse(answers, nil)
		if err == nil {
			_, err = io.Copy(io.Discard, answer.Body)
		}
		switch {
		case err != nil && time.Since(asked) > time.Second:
			return lastCut
		case err != nil:
			return lastRace
		case answer.Close:
			return lastWell
		}
		if of.long {
			path = "/?sleep=20s"
		}
		select {
		case <-time.After(time.Duration(of.gap(random) * float64(time.Second))):
		case <-over:
			return lastWell
		}
		if on.ended() {
			return lastWell
		}
	}
}

// leaveUnder drains a shop in the middle of many kept connections and counts what was lost, by habit.
func leaveUnder(t *testing.T, seed uint64, each int, away time.Duration) (lost map[string]map[string]int, took time.Duration) {
	t.Helper()
	random := rand.New(rand.NewPCG(seed, 1))
	journal, err := openJournal("")
	if err != nil {
		t.Fatal(err)
	}
	wire := newNetwork(away)
	shop, connections := newShop(Settings{Version: "v1"}, journal), newFarewells(wire)
	server := &http.Server{Handler: shop.routes(), ConnContext: withConn, ConnState: noteState}
	go func() { _ = server.Serve(connections) }()
	lost, over := map[string]map[string]int{}, make(chan struct{})
	var clients sync.WaitGroup
	var mutex sync.Mutex
	for _, of := range habits {
		lost[of.name] = map[string]int{}
		for range each {
			own, begin := rand.New(rand.NewPCG(random.Uint64(), 1)), random.Float64()*3*quietTime
			clients.Go(func() {
				time.Sleep(time.Duration(begin * float64(time.Second)))
				last := keepAsking(wire.dial(), own, of, over)
				mutex.Lock()
				defer mutex.Unlock()
				lost[of.name][last]++
			})
		}
	}
	time.Sleep(time.Duration((4 + random.Float64()) * quietTime * float64(time.Second)))
	leaving := time.Now()
	cut := shop.drain(server, connections, 30*time.Second, time.Duration(quietTime*float64(time.Second)))
	took = time.Since(leaving)
	if cut != nil {
		t.Error(cut)
	}
	close(over)
	clients.Wait()
	_ = journal.Close()
	return lost, took
}

func TestLeavingUnderKeptConnectionsThatRestForAllKindsOfTimes(t *testing.T) {
	log.SetOutput(io.Discard)
	defer log.SetOutput(os.Stderr)
	total := 0
	each, seeds, away := asked("CONNECTIONS", 60), asked("SEEDS", 2), time.Duration(asked("AWAY_MS", 10))*time.Millisecond
	for seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			lost, took := leaveUnder(t, uint64(seed), each, away)
			for _, of := range habits {
				got := lost[of.name]
				total += got[lastRace]
				if got[lastCut] > 0 || of.steady && got[lastRace] > 0 {
					t.Errorf("%s: %v; want none cut, and of a steady client none lost", of.name, got)
				}
				t.Logf("%s: %v", of.name, got)
			}
			t.Logf("the drain took %s", took)
		})
	}
	// A request can be lost in the 20 ms that the end and the request travel, and a connection that has rested for a quiet time
	// meets that moment in one case of 250 at most; 1 in 1000 is what was seen.
	if connections := each * seeds * len(habits); total > connections/100 {
		t.Errorf("%d of %d connections were ended while a request was on its way", total, connections)
	}
	t.Logf("%d lost on their way", total)
}

// asked is a number from the environment, for larger measurements than the test's own.
func asked(name string, usual int) int {
	if number, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return number
	}
	return usual
}
