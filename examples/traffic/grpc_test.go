package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"testing"
)

// grpcApp answers every call with one message and the given trailers; without trailers the status is not sent at all.
func grpcApp(t *testing.T, head http.Header, trailers map[string]string) string {
	t.Helper()
	return app2(t, func(w http.ResponseWriter, _ *http.Request) {
		for name, values := range head {
			w.Header()[name] = values
		}
		w.Header().Set("Content-Type", "application/grpc")
		_, _ = w.Write([]byte{0, 0, 0, 0, 0})
		for name, value := range trailers {
			w.Header().Set(http.TrailerPrefix+name, value)
		}
	})
}

var ours = http.Header{appHeader: {"v1"}, "X-Pod": {"p1"}}

func TestAStatusOfTheAppIsAnAnswerWithTheHTTPStatusOfTheSameMeaning(t *testing.T) {
	for status, code := range map[int]string{0: "200", 3: "400", 4: "504", 13: "500", 14: "503", 99: "500"} {
		url := grpcApp(t, ours, map[string]string{"Grpc-Status": strconv.Itoa(status), appHeader: "v1"})
		r := sendTo(t, url, twenty("-protocol", "grpc")...)
		r.expect(t, 20, nil)
		if r.summary.Versions["v1"][code] != 20 {
			t.Errorf("status %d: %v; want 20 times %s", status, r.summary.Versions, code)
		}
	}
}

func TestAStatusTheAppDidNotGiveIsLost(t *testing.T) {
	for name, row := range map[string]struct {
		handle http.HandlerFunc
		kind   string
	}{
		"a gateway's status alone": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Grpc-Status", "14")
			w.Header().Set("Grpc-Message", "no%20healthy%20upstream")
		}, "foreign-grpc-14"},
		"a gateway's status after the app's head": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(appHeader, "v1")
			_, _ = w.Write([]byte{0, 0, 0, 0, 0})
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "14")
		}, "foreign-grpc-14"},
		"no status": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(appHeader, "v1")
			_, _ = w.Write([]byte{0, 0, 0, 0, 0})
		}, "no-status"},
		"an answer that is no gRPC": {func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusServiceUnavailable)
		}, "foreign-503"},
	} {
		r := sendTo(t, app2(t, row.handle), twenty("-protocol", "grpc")...)
		r.expect(t, 0, map[string]int{row.kind: 20})
		if row.kind == "foreign-grpc-14" && r.summary.First.Error == "" {
			t.Errorf("%s: first loss %+v", name, r.summary.First)
		}
	}
}

func TestAnAnswerOfTheAppThatIsNoGRPCIsAnAnswer(t *testing.T) {
	url := app2(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set(appHeader, "v1")
		w.WriteHeader(http.StatusUnsupportedMediaType)
	})
	r := sendTo(t, url, twenty("-protocol", "grpc")...)
	r.expect(t, 20, nil)
	if r.summary.Codes["415"] != 20 {
		t.Errorf("codes %v", r.summary.Codes)
	}
}

func TestAPlainSuccessIsEnoughInTheHead(t *testing.T) {
	url := grpcApp(t, ours, map[string]string{"Grpc-Status": "0"})
	sendTo(t, url, twenty("-protocol", "grpc")...).expect(t, 20, nil)
}

func TestTheCallIsOneMessageForTheMethod(t *testing.T) {
	for query, message := range map[string]string{"": "", "?sleep=300ms": "\x08\xac\x02"} {
		url := app2(t, func(w http.ResponseWriter, r *http.Request) {
			got, _ := io.ReadAll(r.Body)
			want := string(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(message)))) + message
			said := fmt.Sprintf("%s %s %s %s %s", r.Method, r.URL, r.Header.Get("Content-Type"), r.Header.Get("Te"), r.Host)
			if string(got) != want || said != "POST /shop.v1.Shop/Get application/grpc trailers shop.example" {
				w.Header().Set("Grpc-Status", "3")
			} else {
				w.Header().Set("Grpc-Status", "0")
			}
			w.Header().Set(appHeader, "v1")
		})
		r := sendTo(t, url+query, twenty("-protocol", "grpc", "-host", "shop.example")...)
		if r.summary.Codes["200"] != 20 {
			t.Errorf("%q: codes %v, first loss %+v", query, r.summary.Codes, r.summary.First)
		}
	}
}

func TestACallThatIsCutIsLost(t *testing.T) {
	url, received := newFrames(t, func(f *frames, stream uint32) { f.begin(stream); f.reset(stream, 2) })
	sendTo(t, url, twenty("-protocol", "grpc")...).expect(t, 0, map[string]int{"stream-reset": 20})
	if received.Load() != 20 {
		t.Errorf("the server received %d calls; want 20", received.Load())
	}
}

// watched holds one stream of the app, whose life is given by the function, and after it streams that go on.
func watched(t *testing.T, first func(w http.ResponseWriter)) report {
	t.Helper()
	before := make(chan struct{}, 1)
	before <- struct{}{}
	url := app2(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set(appHeader, "v1")
		w.Header().Set("Content-Type", "application/grpc")
		select {
		case <-before:
			_, _ = w.Write([]byte{0, 0, 0, 0, 0})
			first(w)
		default:
			for range 3 {
				_, _ = w.Write([]byte{0, 0, 0, 0, 0})
				_ = http.NewResponseController(w).Flush()
			}
			<-r.Context().Done()
		}
	})
	return sendTo(t, url, "-protocol", "grpc-stream", "-rate", "1000", "-for", "1ms", "-length", "1500ms")
}

func TestAStreamWhoseEndTheAppAnnouncesMigrates(t *testing.T) {
	for _, status := range []string{"0", "14"} {
		r := watched(t, func(w http.ResponseWriter) {
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", status)
			w.Header().Set(http.TrailerPrefix+appHeader, "v1")
		})
		r.expect(t, 1, nil)
		if r.summary.Migrated != 1 || r.summary.Messages["v1"] != 4 {
			t.Errorf("%d migrated, messages %v; want 1 and 4", r.summary.Migrated, r.summary.Messages)
		}
	}
}

func TestAStreamThatEndsOtherwiseIsLost(t *testing.T) {
	for kind, end := range map[string]func(w http.ResponseWriter){
		"no-status":       func(http.ResponseWriter) {},
		"stream-reset":    func(http.ResponseWriter) { panic(http.ErrAbortHandler) },
		"foreign-grpc-14": func(w http.ResponseWriter) { w.Header().Set(http.TrailerPrefix+"Grpc-Status", "14") },
		"grpc-13": func(w http.ResponseWriter) {
			w.Header().Set(http.TrailerPrefix+"Grpc-Status", "13")
			w.Header().Set(http.TrailerPrefix+appHeader, "v1")
		},
	} {
		r := watched(t, func(w http.ResponseWriter) {
			_ = http.NewResponseController(w).Flush()
			end(w)
		})
		r.expect(t, 0, map[string]int{kind: 1})
		if r.summary.Losses["v1"][kind] != 1 {
			t.Errorf("losses %v; want v1 named", r.summary.Losses)
		}
	}
}

func TestAStreamTheAppRefusesIsAnAnswer(t *testing.T) {
	for where, part := range map[string]string{"in the head": "", "after the head": http.TrailerPrefix} {
		url := app2(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set(appHeader, "v2")
			w.Header().Set(part+appHeader, "v2")
			w.Header().Set(part+"Grpc-Status", "13")
		})
		r := sendTo(t, url, twenty("-protocol", "grpc-stream")...)
		r.expect(t, 20, nil)
		if r.summary.Versions["v2"]["500"] != 20 {
			t.Errorf("%s: versions %v", where, r.summary.Versions)
		}
	}
}
