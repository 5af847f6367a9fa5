module gracefulservice.dev/examples/traffic

go 1.26
