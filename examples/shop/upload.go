package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"net/http"
	"time"
)

// upload reads the body and answers with its size and digest, so that the client knows that every byte has arrived. The
// time that the client takes for sending is not the shop's: the duration that is counted begins with the last byte.
func (s *Shop) upload(w http.ResponseWriter, r *http.Request) {
	s.counters.begin()
	defer s.counters.end()
	digest := sha256.New()
	size, err := io.Copy(digest, r.Body)
	began := time.Now()
	code, text := statusClientGone, "The request's body ends early."
	if err == nil {
		code, text = s.toil(r, s.settings.Latency)
	}
	s.settle(code, began)
	if code == http.StatusOK {
		text = fmt.Sprintf(`{"bytes":%d,"sha256":"%x"}`, size, digest.Sum(nil))
	}
	s.answer(w, r, code, text+"\n")
}
