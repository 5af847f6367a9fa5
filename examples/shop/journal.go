package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"sync"
)

// Journal is the shop's one resource: a buffered file with a line per order. What is in the buffer is lost by a process
// that ends without closing it.
type Journal struct {
	mutex  sync.Mutex
	file   *os.File
	buffer *bufio.Writer
}

// openJournal appends to the file at path; without a path nothing is written.
func openJournal(path string) (*Journal, error) {
	if path == "" {
		return &Journal{}, nil
	}
	file, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o640)
	if err != nil {
		return nil, fmt.Errorf("The journal cannot be opened (%w): set JOURNAL to a file that can be written.", err)
	}
	return &Journal{file: file, buffer: bufio.NewWriter(file)}, nil
}

// Write notes one order; an error is kept by the buffer and told by Close.
func (j *Journal) Write(code int, taken bool) {
	if j.file == nil {
		return
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	fmt.Fprintf(j.buffer, "%d %t\n", code, taken)
}

// Close makes every line durable.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	j.mutex.Lock()
	defer j.mutex.Unlock()
	return errors.Join(j.buffer.Flush(), j.file.Sync(), j.file.Close())
}
