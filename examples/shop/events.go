package main

import (
	"fmt"
	"net/http"
)

// events is a stream of server-sent events: a "tick" at once and in every further tick. On leaving the last event is "bye",
// after which the answer ends in order; a client that sees the end without it has lost its stream.
func (s *Shop) events(w http.ResponseWriter, r *http.Request) {
	code, text := s.admit(r, http.StatusOK)
	if code != http.StatusOK {
		s.answer(w, r, code, text+"\n")
		return
	}
	told := s.streams.begin(kindEvents)
	s.mark(w, r)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	how := s.tell(r.Context(), told, func(n int) error { return s.event(w, "tick", n) })
	if how == endLeaving && s.event(w, "bye", 0) != nil {
		how = endClient
	}
	s.streams.end(told, how)
}

func (s *Shop) event(w http.ResponseWriter, name string, n int) error {
	if _, err := fmt.Fprintf(w, "event: %s\ndata: %s\n\n", name, s.tick(n)); err != nil {
		return err
	}
	return http.NewResponseController(w).Flush()
}

// tick is the n-th message of a stream.
func (s *Shop) tick(n int) string {
	return fmt.Sprintf(`{"version":%q,"pod":%q,"n":%d}`, s.settings.Version, s.settings.Pod, n)
}
