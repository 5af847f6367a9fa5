package main

import (
	"bufio"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
)

// small are the flags for twenty uploads of 200 kB over a fifth of a second.
func small(flags ...string) []string {
	return twenty(append([]string{"-protocol", "upload", "-upload-bytes", "200001", "-upload-over", "200ms"}, flags...)...)
}

func digested(w http.ResponseWriter, r *http.Request) {
	digest := sha256.New()
	size, _ := io.Copy(digest, r.Body)
	fmt.Fprintf(w, `{"bytes":%d,"sha256":"%x"}`, size, digest.Sum(nil))
}

func TestAnUploadTakesItsTimeAndArrivesWhole(t *testing.T) {
	for _, way := range []string{newConnections, keepConnections} {
		server := app(t, func(w http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || r.URL.Path != "/upload" || r.ContentLength != 200_001 {
				w.WriteHeader(http.StatusTeapot)
			}
			digested(w, r)
		})
		r := sendTo(t, server.URL, small("-connections", way)...)
		r.expect(t, 20, nil)
		if *r.summary.P50 < 200 || r.summary.Codes["200"] != 20 {
			t.Errorf("p50 %v ms, codes %v", *r.summary.P50, r.summary.Codes)
		}
	}
}

func TestAKeptConnectionCarriesOneUploadAfterTheOther(t *testing.T) {
	server := app(t, digested)
	outcomes, dials := oneByOne(t, 3, server.URL, func() {}, small("-connections", "keepalive", "-pool", "1")...)
	for i, o := range outcomes {
		if o.Loss != "" || o.Reused != (i > 0) {
			t.Errorf("upload %d: %+v", i, o)
		}
	}
	if dials != 1 {
		t.Errorf("%d dials; want 1", dials)
	}
}

func TestAnUploadThatIsCutIsLostAndNeverSentAgain(t *testing.T) {
	begun := atomic.Int64{}
	server := newWire(t, func(_ *wire, conn *net.TCPConn, reader *bufio.Reader) {
		if _, err := http.ReadRequest(reader); err == nil {
			begun.Add(1)
		}
		_ = conn.SetLinger(0)
		_ = conn.Close()
	})
	sendTo(t, server.url, small()...).expect(t, 0, map[string]int{"reset": 20})
	if begun.Load() != 20 {
		t.Errorf("%d uploads were begun; want 20", begun.Load())
	}
}

func TestASuccessThatHasNotSeenEveryByteIsLost(t *testing.T) {
	server := app(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = r.Body.Read(make([]byte, 1))
		digested(w, r)
	})
	sendTo(t, server.URL, small()...).expect(t, 0, map[string]int{"corrupt": 20})
}

func TestAnEarlyAnswerIsTakenAndItsConnectionIsNotUsedAgain(t *testing.T) {
	server := newWire(t, func(_ *wire, conn *net.TCPConn, reader *bufio.Reader) {
		if _, err := http.ReadRequest(reader); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 413 Too Large\r\nX-Version: v1\r\nContent-Length: 0\r\n\r\n")
		}
		_, _ = io.Copy(io.Discard, reader)
		_ = conn.Close()
	})
	outcomes, dials := oneByOne(t, 2, server.url, func() {},
		"-protocol", "upload", "-upload-over", "1h", "-timeout", "2h", "-connections", "keepalive", "-pool", "1")
	for i, o := range outcomes {
		if o.Loss != "" || o.Status != http.StatusRequestEntityTooLarge {
			t.Errorf("upload %d: %+v", i, o)
		}
	}
	if dials != 2 {
		t.Errorf("%d dials; want 2", dials)
	}
}

func TestAPayloadIsTheSameInPiecesAndAsAWhole(t *testing.T) {
	for _, size := range []int{1, 7, blockSize, blockSize + 1, 3*blockSize - 1} {
		p := newPayload(size)
		pieces := sha256.New()
		if err := p.send(pieces, 4*pace); err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprintf("%x", pieces.Sum(nil)); got != p.digest {
			t.Errorf("size %d: the pieces' digest is %s; want %s", size, got, p.digest)
		}
	}
}
