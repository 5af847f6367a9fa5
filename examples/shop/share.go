package main

import "sync/atomic"

// Share is a part of all requests, in millionths.
type Share uint64

const whole Share = 1_000_000

// spreader picks a share of the requests evenly: of the first n requests, n × share rounded are picked, for every n.
// A seeded random draw would only come near the share after hundreds of requests, and a story whose bad version happens
// to behave for its first fifty answers would fail for no reason. Counting from one half keeps short runs unbiased.
type spreader struct {
	share    Share
	requests atomic.Uint64
}

// pick says whether this request is one of the share.
func (s *spreader) pick() bool {
	n := s.requests.Add(1)
	return s.picked(n) != s.picked(n-1)
}

// picked is how many of the first n requests are in the share.
func (s *spreader) picked(n uint64) uint64 {
	return (n*uint64(s.share) + uint64(whole)/2) / uint64(whole)
}
