package main

import (
	"errors"
	"fmt"
	"math"
	"os"
	"strconv"
	"strings"
	"time"
)

// Settings say which version of the shop this is and how it misbehaves.
type Settings struct {
	Version       string
	Pod           string
	Port          int
	Journal       string
	ErrorRate     Share
	OrderFailRate Share
	Latency       time.Duration
	Slow          time.Duration
	Busy          time.Duration
	Start         time.Duration
	Drain         time.Duration
	Quiet         time.Duration
	Streams       time.Duration
	Tick          time.Duration
	IgnoreSigterm bool
	ExitAtOnce    bool
	Crash         bool
}

type lookup func(name string) (value string, found bool)

// readSettings returns one error with one sentence per variable that cannot be used.
func readSettings(env lookup) (Settings, error) {
	var faults []error
	settings := Settings{
		Version:       setting(env, "VERSION", "dev", parseVersion, &faults),
		Pod:           setting(env, "POD_NAME", hostname(), parseVersion, &faults),
		Port:          setting(env, "PORT", "8080", parsePort, &faults),
		Journal:       setting(env, "JOURNAL", "", parseText, &faults),
		ErrorRate:     setting(env, "ERROR_RATE", "0", parseShare, &faults),
		OrderFailRate: setting(env, "ORDER_FAIL_RATE", "0", parseShare, &faults),
		Latency:       setting(env, "LATENCY_MS", "0", parseMilliseconds, &faults),
		Slow:          setting(env, "SLOW_S", "0", parseSeconds, &faults),
		Busy:          setting(env, "BUSY_MS", "0", parseMilliseconds, &faults),
		Start:         setting(env, "START_S", "0", parseSeconds, &faults),
		Drain:         setting(env, "DRAIN_S", "30", parseSeconds, &faults),
		Quiet:         setting(env, "QUIET_S", "5", parseSeconds, &faults),
		Streams:       setting(env, "STREAMS_S", "1", parseSeconds, &faults),
		Tick:          setting(env, "TICK_MS", "1000", parseTick, &faults),
		IgnoreSigterm: setting(env, "IGNORE_SIGTERM", "false", parseSwitch, &faults),
		ExitAtOnce:    setting(env, "EXIT_AT_ONCE", "false", parseSwitch, &faults),
		Crash:         setting(env, "CRASH", "false", parseSwitch, &faults),
	}
	if settings.IgnoreSigterm && settings.ExitAtOnce {
		faults = append(faults, errors.New("IGNORE_SIGTERM and EXIT_AT_ONCE are both set: set only one of them."))
	}
	return settings, errors.Join(faults...)
}

// setting parses one variable; one that is empty counts as not set, as Kubernetes manifests often leave it.
func setting[T any](env lookup, name, fallback string, parse func(string) (T, error), faults *[]error) T {
	text, _ := env(name)
	if text = strings.TrimSpace(text); text == "" {
		text = fallback
	}
	value, fix := parse(text)
	if fix != nil {
		*faults = append(*faults, fmt.Errorf("%s is %q: give %w.", name, text, fix))
	}
	return value
}

func hostname() string {
	name, err := os.Hostname()
	if err != nil {
		return "unknown"
	}
	return name
}

// The parsers' errors complete the sentence "give ...".

func parseText(text string) (string, error) { return text, nil }

func parseVersion(text string) (string, error) {
	for _, letter := range text {
		if letter < '!' || letter > '~' {
			return "", errors.New("printable ASCII without spaces, for example v2, as it is sent in a header")
		}
	}
	return text, nil
}

func parsePort(text string) (int, error) {
	port, err := strconv.ParseUint(text, 10, 16)
	if err != nil {
		return 0, errors.New("a port from 1 to 65535, or 0 for any free one")
	}
	return int(port), nil
}

func parseShare(text string) (Share, error) {
	number, percent := strings.CutSuffix(text, "%")
	value, err := strconv.ParseFloat(number, 64)
	if percent {
		value /= 100
	}
	if err != nil || !(value >= 0 && value <= 1) {
		return 0, errors.New("a share from 0 to 1 or from 0% to 100%, for example 0.2 or 20%")
	}
	return Share(math.Round(value * float64(whole))), nil
}

func parseMilliseconds(text string) (time.Duration, error) {
	return parseLength(text, time.Millisecond, "milliseconds from 0 to 3600000, for example 250")
}

func parseTick(text string) (time.Duration, error) {
	tick, err := parseMilliseconds(text)
	if err != nil || tick < time.Millisecond {
		return 0, errors.New("milliseconds from 1 to 3600000, for example 1000")
	}
	return tick, nil
}

func parseSeconds(text string) (time.Duration, error) {
	return parseLength(text, time.Second, "seconds from 0 to 3600, for example 8 or 0.5")
}

func parseLength(text string, unit time.Duration, fix string) (time.Duration, error) {
	value, err := strconv.ParseFloat(text, 64)
	if err != nil || !(value >= 0 && value*float64(unit) <= float64(time.Hour)) {
		return 0, errors.New(fix)
	}
	return time.Duration(value * float64(unit)), nil
}

func parseSwitch(text string) (bool, error) {
	value, err := strconv.ParseBool(text)
	if err != nil {
		return false, errors.New("true or false")
	}
	return value, nil
}
