package main

import (
	"encoding/binary"
	"errors"
	"io"
)

// The parts of RFC 6455 that a server of small messages needs.
const (
	opContinuation = 0
	opText         = 1
	opClose        = 8
	opPing         = 9
	opPong         = 10

	closeGoingAway     = 1001
	closeProtocolError = 1002
	closeUnsupported   = 1003

	longestFrame = 1 << 16
)

// frame is one frame of a client, its mask removed.
type frame struct {
	opcode  byte
	last    bool // of its message
	payload []byte
}

func readFrame(reader io.Reader) (frame, error) {
	var head [2]byte
	if _, err := io.ReadFull(reader, head[:]); err != nil {
		return frame{}, err
	}
	length, err := readLength(reader, head[1]&0x7f)
	switch {
	case err != nil:
		return frame{}, err
	case head[1]&0x80 == 0 || head[0]&0x70 != 0 || length > longestFrame:
		return frame{}, errors.New("the frame is not masked, uses an extension or is too long")
	}
	masked := make([]byte, 4+length)
	if _, err := io.ReadFull(reader, masked); err != nil {
		return frame{}, err
	}
	payload := masked[4:]
	for i := range payload {
		payload[i] ^= masked[i%4]
	}
	return frame{opcode: head[0] & 0x0f, last: head[0]&0x80 != 0, payload: payload}, nil
}

func readLength(reader io.Reader, short byte) (uint64, error) {
	var long [8]byte
	switch short {
	case 126:
		_, err := io.ReadFull(reader, long[6:])
		return binary.BigEndian.Uint64(long[:]), err
	case 127:
		_, err := io.ReadFull(reader, long[:])
		return binary.BigEndian.Uint64(long[:]), err
	}
	return uint64(short), nil
}

// frameBytes is a whole message in one frame, as servers send it: without a mask.
func frameBytes(opcode byte, payload []byte) []byte {
	head := []byte{0x80 | opcode}
	switch {
	case len(payload) < 126:
		head = append(head, byte(len(payload)))
	case len(payload) <= 0xffff:
		head = binary.BigEndian.AppendUint16(append(head, 126), uint16(len(payload)))
	default:
		head = binary.BigEndian.AppendUint64(append(head, 127), uint64(len(payload)))
	}
	return append(head, payload...)
}

// closing is the payload of a close.
func closing(code uint16, reason string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, code), reason...)
}
