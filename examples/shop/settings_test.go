package main

import (
	"strings"
	"testing"
	"time"
)

func TestBadSettingsEndTheShopWithOneSentenceEach(t *testing.T) {
	for _, row := range []struct{ setting, sentence string }{
		{"ERROR_RATE=1.5", `ERROR_RATE is "1.5": give a share from 0 to 1 or from 0% to 100%, for example 0.2 or 20%.`},
		{"ERROR_RATE=-1%", `ERROR_RATE is "-1%": give a share`},
		{"ERROR_RATE=NaN", `ERROR_RATE is "NaN": give a share`},
		{"ORDER_FAIL_RATE=x", `ORDER_FAIL_RATE is "x": give a share`},
		{"LATENCY_MS=fast", `LATENCY_MS is "fast": give milliseconds from 0 to 3600000, for example 250.`},
		{"SLOW_S=8s", `SLOW_S is "8s": give seconds from 0 to 3600, for example 8 or 0.5.`},
		{"START_S=-1", `START_S is "-1": give seconds`},
		{"DRAIN_S=Inf", `DRAIN_S is "Inf": give seconds`},
		{"QUIET_S=3601", `QUIET_S is "3601": give seconds`},
		{"STREAMS_S=soon", `STREAMS_S is "soon": give seconds`},
		{"TICK_MS=0", `TICK_MS is "0": give milliseconds from 1 to 3600000, for example 1000.`},
		{"PORT=80800", `PORT is "80800": give a port from 1 to 65535, or 0 for any free one.`},
		{"IGNORE_SIGTERM=maybe", `IGNORE_SIGTERM is "maybe": give true or false.`},
		{"VERSION=v 2", `VERSION is "v 2": give printable ASCII without spaces`},
	} {
		code, said := startShop(t, row.setting).exit()
		if code != 2 || !strings.Contains(said, row.sentence) || strings.Count(said, "\n") != 1 {
			t.Errorf("%s: exit code %d:\n%s", row.setting, code, said)
		}
	}
}

func TestEveryBadSettingIsNamedAtOnce(t *testing.T) {
	code, said := startShop(t, "CRASH=yes!", "EXIT_AT_ONCE=1", "IGNORE_SIGTERM=1").exit()
	if code != 2 || !strings.Contains(said, "CRASH is") || !strings.Contains(said, "set only one of them") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestCrashExitsWithOne(t *testing.T) {
	if code, said := startShop(t, "CRASH=1").exit(); code != 1 || !strings.Contains(said, "CRASH is set") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestAPortInUseIsSaidInOneSentence(t *testing.T) {
	_, port, _ := strings.Cut(startShop(t).address(), ":")
	code, said := startShop(t, "PORT="+port).exit()
	if code != 1 || !strings.Contains(said, "set PORT to another one") {
		t.Errorf("exit code %d:\n%s", code, said)
	}
}

func TestSharesAndTimesAreRead(t *testing.T) {
	env := map[string]string{"ERROR_RATE": " 20% ", "ORDER_FAIL_RATE": "0.001", "LATENCY_MS": "", "SLOW_S": "0.5"}
	settings, err := readSettings(func(name string) (string, bool) { value, found := env[name]; return value, found })
	if err != nil {
		t.Fatal(err)
	}
	if settings.ErrorRate != 200_000 || settings.OrderFailRate != 1000 || settings.Slow != 500*time.Millisecond {
		t.Errorf("settings %+v", settings)
	}
	if settings.Drain != 30*time.Second || settings.Port != 8080 || settings.Latency != 0 {
		t.Errorf("defaults %+v", settings)
	}
}
