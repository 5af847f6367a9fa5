package main

import "testing"

func TestAnUploadIsAnsweredWithSizeAndDigest(t *testing.T) {
	address := startShop(t).address()
	c := connect(t, address)
	c.write("POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\na")
	awaitMetric(t, address, "http_requests_in_flight 1")
	c.write("bc")
	answer := c.receive()
	want := `{"bytes":3,"sha256":"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"}` + "\n"
	if answer.code != 200 || answer.body != want || answer.header.Get("X-Version") != "v1" {
		t.Errorf("got %+v", answer)
	}
}

func TestTheTimeForSendingAnUploadIsNotTheShops(t *testing.T) {
	address := startShop(t).address()
	c := connect(t, address)
	c.write("POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 2\r\n\r\na")
	get(t, fresh(), "http://"+address+"/?sleep=1s") // the upload is under way meanwhile
	c.write("b")
	c.receive()
	if page := metricsOf(t, address); page[`http_request_duration_seconds_bucket{le="0.5"}`] != 1 {
		t.Errorf("metrics %v; want the upload, and it alone, within half a second", page)
	}
}

func TestAnUploadThatBreaksOffOrFailsIsCountedAsSuch(t *testing.T) {
	address := startShop(t, "ERROR_RATE=1").address()
	c := connect(t, address)
	c.write("POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\na")
	awaitMetric(t, address, "http_requests_in_flight 1")
	_ = c.conn.Close()
	awaitMetric(t, address, `http_requests_total{code="499"} 1`)
	failing := connect(t, address)
	failing.write("POST /upload HTTP/1.1\r\nHost: shop\r\nContent-Length: 3\r\n\r\nabc")
	if answer := failing.receive(); answer.code != 500 {
		t.Errorf("got %+v", answer)
	}
}
