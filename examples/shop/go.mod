module gracefulservice.dev/examples/shop

go 1.24
