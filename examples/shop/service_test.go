package main

import (
	"net/http"
	"strings"
	"testing"
)

func TestEveryAnswerNamesVersionAndPod(t *testing.T) {
	address := startShop(t, "VERSION=v7").address()
	for _, path := range []string{"/", "/any/path", "/?sleep=never", "/healthz", "/readyz", "/metrics"} {
		answer := get(t, fresh(), "http://"+address+path)
		if answer.header.Get("X-Version") != "v7" || answer.header.Get("X-Pod") != "pod-1" {
			t.Errorf("%s: headers %v", path, answer.header)
		}
	}
	if body := get(t, fresh(), "http://"+address+"/").body; !strings.Contains(body, "Version v7, pod pod-1.") {
		t.Errorf("body %q", body)
	}
}

func TestItListensOnIPv4AndIPv6(t *testing.T) {
	_, port, _ := strings.Cut(startShop(t).address(), ":")
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		if answer := get(t, fresh(), "http://"+host+":"+port+"/"); answer.code != 200 {
			t.Errorf("%s: got %d", host, answer.code)
		}
	}
}

func TestTheErrorRateIsExactFromTheFirstRequestsOn(t *testing.T) {
	address := startShop(t, "ERROR_RATE=0.2").address()
	var failed int
	for n := 1; n <= 50; n++ {
		if get(t, http.DefaultClient, "http://"+address+"/").code == http.StatusInternalServerError {
			failed++
		}
		if want := (n + 2) / 5; failed != want {
			t.Fatalf("%d of the first %d requests failed; want %d", failed, n, want)
		}
	}
}

func TestAnOrderCanFailBehindAGoodAnswer(t *testing.T) {
	address := startShop(t, "ORDER_FAIL_RATE=25%").address()
	for range 8 {
		if answer := get(t, http.DefaultClient, "http://"+address+"/"); answer.code != 200 {
			t.Fatalf("got %d", answer.code)
		}
	}
	page := metricsOf(t, address)
	if page[`orders_total{result="failed"}`] != 2 || page[`orders_total{result="ok"}`] != 6 {
		t.Errorf("metrics %v", page)
	}
}

func TestAWrongSleepIsRefusedInOneSentence(t *testing.T) {
	address := startShop(t).address()
	for _, value := range []string{"never", "-1s", "2h", "8"} {
		answer := get(t, fresh(), "http://"+address+"/?sleep="+value)
		if answer.code != 400 || !strings.Contains(answer.body, "give a duration from 0s to 1h") {
			t.Errorf("%s: got %d %q", value, answer.code, answer.body)
		}
	}
	if failed := metricsOf(t, address)[`orders_total{result="failed"}`]; failed != 0 {
		t.Errorf("%v orders failed; a refused request is none", failed)
	}
}

func TestAClientThatLeavesIsCountedAsSuch(t *testing.T) {
	address := startShop(t).address()
	leaving := connect(t, address)
	leaving.send("/?sleep=1h")
	awaitMetric(t, address, "http_requests_in_flight 1")
	leaving.conn.Close()
	awaitMetric(t, address, `http_requests_total{code="499"} 1`)
	awaitMetric(t, address, "http_requests_in_flight 0")
}

func TestALargeBodyIsReadToItsEnd(t *testing.T) {
	address := startShop(t).address()
	answer, err := http.Post("http://"+address+"/", "text/plain", strings.NewReader(strings.Repeat("x", 10<<20)))
	if err != nil {
		t.Fatal(err)
	}
	if reply := readReply(t, answer); reply.code != 200 || reply.closes {
		t.Errorf("got %d, close %t", reply.code, reply.closes)
	}
}
