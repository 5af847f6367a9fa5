"""The Kubernetes API: kinds, requests and answers as values, and one small client that sends them."""
