package main

import (
	"encoding/binary"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
)

// call makes a gRPC request with the given bytes as body.
func call(t *testing.T, address, path string, body []byte) *http.Response {
	t.Helper()
	request, err := http.NewRequest(http.MethodPost, "http://"+address+path, strings.NewReader(string(body)))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Content-Type", "application/grpc+proto")
	answer, err := over2().Do(request)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = answer.Body.Close() })
	return answer
}

func message(text string) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(text))), text...)
}

func TestACallIsAnsweredWithVersionAndPod(t *testing.T) {
	address := startShop(t).address()
	answer := call(t, address, "/shop.v1.Shop/Get", message("\x08\x05"))
	body, err := io.ReadAll(answer.Body)
	if want := string(message("\x0a\x02v1\x12\x05pod-1")); err != nil || string(body) != want {
		t.Errorf("body %q, %v; want %q", body, err, want)
	}
	if answer.Trailer.Get("Grpc-Status") != "0" || answer.Trailer.Get("X-Version") != "v1" || answer.Header.Get("X-Pod") != "pod-1" {
		t.Errorf("headers %v, trailers %v", answer.Header, answer.Trailer)
	}
	page := metricsOf(t, address)
	if page[`http_requests_total{code="200"}`] != 1 || page[`orders_total{result="ok"}`] != 1 {
		t.Errorf("metrics %v", page)
	}
}

func TestWhatACallCanBeRefusedFor(t *testing.T) {
	address := startShop(t, "ERROR_RATE=1").address()
	for _, row := range []struct {
		path   string
		body   []byte
		status string
		text   string
	}{
		{"/shop.v1.Shop/Get", message(""), "13", "The shop fails."},
		{"/shop.v1.Shop/Watch", message(""), "13", "The shop fails."},
		{"/shop.v1.Shop/Get", message("\x10\x05"), "3", "The message is no shop.v1.Ask: give sleep_ms from 0 to 3600000, or nothing."},
		{"/shop.v1.Shop/Get", message("\x08"), "3", "The message is no shop.v1.Ask"},
		{"/shop.v1.Shop/Get", message("\x08\x81\xdd\xdb\x01"), "3", "The message is no shop.v1.Ask"},
		{"/shop.v1.Shop/Get", []byte{1, 0, 0, 0, 0}, "12", "The message is compressed: send it as it is."},
		{"/shop.v1.Shop/Get", []byte{0, 0, 1, 0, 1}, "8", "The message has 65537 bytes: send at most 65536."},
		{"/shop.v1.Shop/Get", []byte{0, 0}, "13", "The request's message ends early."},
		{"/shop.v1.Shop/Get", message("12")[:6], "13", "The request's message ends early."},
		{"/shop.v1.Shop/Put", message(""), "12", "The shop has no method /shop.v1.Shop/Put."},
		{"/grpc.health.v1.Health/Watch", message(""), "12", "The shop has no method"},
	} {
		answer := call(t, address, row.path, row.body)
		if _, err := io.ReadAll(answer.Body); err != nil {
			t.Fatal(err)
		}
		text, err := url.PathUnescape(answer.Trailer.Get("Grpc-Message"))
		if err != nil || answer.StatusCode != 200 || answer.Trailer.Get("Grpc-Status") != row.status || !strings.HasPrefix(text, row.text) {
			t.Errorf("%s %q: %d, trailers %v", row.path, row.body, answer.StatusCode, answer.Trailer)
		}
		if answer.Header.Get("X-Version") != "v1" || answer.Trailer.Get("X-Version") != "v1" {
			t.Errorf("%s: headers %v, trailers %v", row.path, answer.Header, answer.Trailer)
		}
	}
	if failed := metricsOf(t, address)[`http_requests_total{code="500"}`]; failed != 2 {
		t.Errorf("%v requests are counted as failed; want 2", failed)
	}
}

func TestGRPCNeedsHTTP2AndItsMediaType(t *testing.T) {
	address := startShop(t).address()
	for _, client := range []*http.Client{fresh(), over2()} {
		answer, err := client.Post("http://"+address+"/shop.v1.Shop/Get", "text/plain", nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := readReply(t, answer); got.code != 415 || got.header.Get("X-Version") != "v1" {
			t.Errorf("got %+v", got)
		}
	}
}

func TestTheHealthOfGRPCIsServingAndNotCounted(t *testing.T) {
	address := startShop(t).address()
	answer := call(t, address, "/grpc.health.v1.Health/Check", message(""))
	if body, err := io.ReadAll(answer.Body); err != nil || string(body) != string(message("\x08\x01")) {
		t.Errorf("body %q, %v", body, err)
	}
	if answer.Trailer.Get("Grpc-Status") != "0" || metricsOf(t, address)["http_request_duration_seconds_count"] != 0 {
		t.Errorf("trailers %v", answer.Trailer)
	}
}

func TestAWatchSaysVersionPodAndNumberUntilTheShopLeaves(t *testing.T) {
	shop := startShop(t, "TICK_MS=5", "QUIET_S=0", "STREAMS_S=0")
	answer := call(t, shop.address(), "/shop.v1.Shop/Watch", message(""))
	for _, number := range []string{"\x01", "\x02", "\x03"} {
		want := string(message("\x0a\x02v1\x12\x05pod-1\x18" + number))
		got := make([]byte, len(want))
		if _, err := io.ReadFull(answer.Body, got); err != nil || string(got) != want {
			t.Fatalf("got %q, %v; want %q", got, err, want)
		}
	}
	if page := metricsOf(t, shop.address()); page[`streams_open{kind="grpc"}`] != 1 || page["http_requests_in_flight"] != 0 {
		t.Errorf("metrics %v", page)
	}
	shop.signal(syscall.SIGTERM)
	if _, err := io.ReadAll(answer.Body); err != nil {
		t.Errorf("got %v; want an orderly end", err)
	}
	if answer.Trailer.Get("Grpc-Status") != "14" || answer.Trailer.Get("X-Version") != "v1" {
		t.Errorf("trailers %v", answer.Trailer)
	}
	if code, said := shop.exit(); code != 0 {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestAWatchEndsAfterItsConnectionWasToldToTakeNoMore(t *testing.T) {
	shop := startShop(t, "TICK_MS=3600000")
	client := connectFramed(t, shop.address())
	client.post(1, "/shop.v1.Shop/Watch", "application/grpc")
	client.send(frameData, endStream, 1, message(""))
	client.expect(received{kind: frameHeaders, stream: 1}, received{kind: frameData, stream: 1})
	shop.signal(syscall.SIGTERM)
	client.expect(received{kind: frameGoAway}, received{kind: frameHeaders, stream: 1, flags: endStream})
}
