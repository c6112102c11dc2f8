# OSC 1.0 packets, read from anybody: every length is held against the bytes that are there before it is used.
#
# Bundles are taken apart in their order, their time tags left aside. Bytes that are no OSC give a reason instead of
# messages, never an error of the engine. Knows no address. (Godot 3; the same in ../../../godot4 for Godot 4.)
extends Reference

const PACKET_LIMIT = 8192
const MESSAGE_LIMIT = 256
const ARGUMENT_LIMIT = 256
const TEXT_LIMIT = 256
const DEPTH_LIMIT = 4
const BUNDLE = 0x2362756e646c6500  # "#bundle" and its zero, as one number

# Why the last packet was refused; empty if it was not.
var reason = ""

var _bytes = StreamPeerBuffer.new()
var _packet = PoolByteArray()
var _messages = []
var _at = 0


func _init():
	_bytes.big_endian = true


# The messages of a packet in order, each [address, [arguments]]; none of them, and `reason`, if one is wrong.
func read(packet):
	reason = ""
	_messages = []
	if packet.size() > PACKET_LIMIT:
		return _refuse("more than %d bytes" % PACKET_LIMIT)
	_packet = packet
	_bytes.data_array = packet
	_element(0, packet.size(), 0)
	return _messages


func _refuse(why):
	reason = why
	_messages = []
	return _messages


func _element(from, to, depth):
	if to - from < 4 or (to - from) % 4 != 0:
		_refuse("%d bytes; OSC comes in fours" % (to - from))
		return
	if to - from < 8 or _number(from, 8) != BUNDLE:
		_message(from, to)
		return
	if depth >= DEPTH_LIMIT:
		_refuse("bundles more than %d deep" % DEPTH_LIMIT)
		return
	var at = from + 16  # behind its head and time tag
	if at > to:
		_refuse("a bundle without a time tag")
		return
	while at < to:
		var size = _number(at, 4)
		at += 4
		if size <= 0 or size > to - at:
			_refuse("a part of %d bytes where %d are left" % [size, to - at])
			return
		_element(at, at + size, depth + 1)
		if reason != "":
			return
		at += size


func _message(from, to):
	if _messages.size() >= MESSAGE_LIMIT:
		_refuse("more than %d messages" % MESSAGE_LIMIT)
		return
	_at = from
	var address = _text(to)
	if address == null or not address.begins_with("/"):
		_refuse("no address")
		return
	var arguments = []
	if _at < to:  # old senders leave the tags out where there are no arguments
		var tags = _text(to)
		if tags == null or not tags.begins_with(",") or tags.length() > ARGUMENT_LIMIT + 1:
			_refuse("no type tags behind %s" % address)
			return
		for i in range(1, tags.length()):
			var value = _argument(tags[i], to)
			if value == null:
				_refuse("an argument %s of %s that is not there" % [tags[i], address])
				return
			arguments.append(value)
	if _at != to:
		_refuse("%d bytes behind the last argument of %s" % [to - _at, address])
		return
	_messages.append([address, arguments])


# One argument, or null where it is cut off or not understood. T is true, F and N are false, I is true.
func _argument(tag, to):
	match tag:
		"f", "i", "r", "m", "c":
			return _take(4, to, tag)
		"d", "h", "t":
			return _take(8, to, tag)
		"s", "S":
			return _text(to)
		"T", "I":
			return true
		"F", "N":
			return false
	return null


func _take(size, to, tag):
	if _at + size > to:
		return null
	_bytes.seek(_at)
	_at += size
	if tag == "f":
		return _bytes.get_float()
	if tag == "d":
		return _bytes.get_double()
	return _bytes.get_32() if size == 4 else _bytes.get_64()


func _number(at, size):
	_bytes.seek(at)
	return _bytes.get_64() if size == 8 else _bytes.get_32()


# The text that begins at `_at`, which moves behind it; null if it has no end, is too long or is no UTF-8.
func _text(to):
	var last = _at + 3  # a text fills whole fours, and only its last four end with zero
	while last < to and _packet[last] != 0:
		last += 4
	if last >= to or last - _at > TEXT_LIMIT:
		return null
	var end = last
	while end > _at and _packet[end - 1] == 0 and last - end < 3:
		end -= 1
	if not _is_utf8(_at, end):
		return null
	var text = _packet.subarray(_at, end - 1).get_string_from_utf8() if end > _at else ""
	_at = last + 1
	return text


# Whether these bytes are printable UTF-8: the engine writes an error to its log for others.
func _is_utf8(from, to):
	var more = 0
	var lead = 0
	for at in range(from, to):
		var byte = _packet[at]
		if more > 0:
			if byte & 0xc0 != 0x80 or (lead == 0xe0 and byte < 0xa0) or (lead == 0xed and byte > 0x9f):
				return false
			if (lead == 0xf0 and byte < 0x90) or (lead == 0xf4 and byte > 0x8f):
				return false
			more -= 1
			lead = 0
		elif byte >= 0x20 and byte < 0x7f:
			continue
		elif byte >= 0xc2 and byte <= 0xf4:
			lead = byte
			more = 1 if byte < 0xe0 else (2 if byte < 0xf0 else 3)
		else:
			return false
	return more == 0
