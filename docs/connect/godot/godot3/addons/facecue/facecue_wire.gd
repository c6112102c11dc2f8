# Packets -> frames: facecue's own OSC (docs/wire.md) and the part of VMC that a face needs, on one port.
#
# A native frame counts when all its parts came since the one before. A VMC frame counts at Apply; what it does not
# name stays as it was, as that protocol has it. Whatever is not finite, too long or out of range is refused and counted.
extends Reference

const Osc = preload("facecue_osc.gd")
const Frame = preload("facecue_frame.gd")

const VERSION = 1  # of the native wire
const NAME_LIMIT = 256
const TIME_LIMIT_S = 1e8  # three years: a frame further on is no frame
const OTHER_WIRE_S = 1.0  # so long one wire must be silent before the other is heard

var actor = "face"  # whose frames; empty takes anybody's
var names = Frame.ARKIT.duplicate()  # what the weights are called; VMC's other names follow as they come
var received = 0  # frames
var rejected = 0  # packets that are no OSC, or say what cannot be
var incomplete = 0  # frames of which a packet was lost
var detail = ""  # what was wrong last

var _osc = Osc.new()
var _index = {}
var _native = {}
var _vmc = Frame.new()
var _bones = {"Neck": Quat(), "Head": Quat(), "LeftEye": Quat(), "RightEye": Quat()}
var _vmc_time = null
var _vmc_has_times = false
var _vmc_tracks = true
var _wire = ""
var _wire_at = 0.0


func _init():
	for i in names.size():
		_index[names[i].to_lower()] = i


# The frames that a packet completes, most often none or one. `now_s`: the receiver's clock.
func take(packet, now_s):
	var frames = []
	var messages = _osc.read(packet)
	if _osc.reason != "":
		_reject(_osc.reason)
		return frames
	var fine = true
	for message in messages:
		var frame = null
		if message[0].begins_with("/facecue/"):
			var parts = message[0].split("/")
			if parts.size() == 4 and (actor == "" or parts[2] == actor):
				frame = _native_message(parts[3], message[1])
		elif message[0].begins_with("/VMC/"):
			frame = _vmc_message(message[0], message[1], now_s)
		if frame is String:
			fine = false
			detail = frame
		elif frame != null and _is_heard("native" if frame.number >= 0 else "vmc", now_s):
			frames.append(frame)
	received += frames.size()
	if not fine:
		rejected += 1
	return frames


func _reject(why):
	rejected += 1
	detail = why


# Whether this wire is the one that is listened to: two at once would pull the face to and fro.
func _is_heard(wire, now_s):
	if wire != _wire and now_s - _wire_at < OTHER_WIRE_S:
		return false
	_wire = wire
	_wire_at = now_s
	return true


# Each returns a Frame, a String that says what is wrong, or null.
func _native_message(what, arguments):
	var counts = {"gaze": 4, "head": 7, "emotion": 8, "arkit": 52}
	if what in counts:
		_native.erase(what)
		if arguments.size() < counts[what] or not _are_numbers(arguments, counts[what]):
			return "%s with arguments that are not %d numbers" % [what, counts[what]]
		if what == "head" and not _is_turn(arguments, 0):
			return "a head that is not turned by a unit quaternion"
		_native[what] = arguments
		return null
	if what != "frame":
		return null
	var parts = _native
	_native = {}
	if arguments.size() < 4 or not _are_numbers(arguments, 4) or arguments[0] < 0:
		return "frame with arguments that are not n, t, latency and version"
	if arguments[3] != VERSION:
		return "version %s of the wire; this receiver knows %d" % [arguments[3], VERSION]
	if abs(arguments[1]) > TIME_LIMIT_S:
		return "a frame at %d s" % arguments[1]
	if parts.size() < counts.size():
		incomplete += 1
		return null
	var frame = Frame.new()
	frame.number = int(arguments[0])
	frame.time_s = _exact_time(frame.number, arguments[1])
	frame.head = Quat(parts.head[0], parts.head[1], parts.head[2], parts.head[3]).normalized()
	frame.shift = Vector3(_within(parts.head[4], 100), _within(parts.head[5], 100), _within(parts.head[6], 100))
	for i in 4:
		frame.gaze[i] = _within(parts.gaze[i], PI / 2)
	for i in 8:
		frame.emotion[i] = clamp(parts.emotion[i], 0.0, 1.0)
	for i in 52:
		frame.weights[i] = clamp(parts.arkit[i], 0.0, 1.0)
	return frame


# `t` is a float32 and grows coarse with the hours; the frame's number and rate say it exactly.
func _exact_time(number, time_s):
	if time_s <= 0.0:
		return time_s
	var rate = (number + 0.5) / time_s
	var whole = round(rate)
	return (number + 0.5) / whole if whole > 0 and abs(rate - whole) < 1e-6 * whole else time_s


func _vmc_message(address, arguments, now_s):
	match address:
		"/VMC/Ext/Blend/Val":
			return _expression(arguments)
		"/VMC/Ext/Bone/Pos":
			return _bone(arguments)
		"/VMC/Ext/Blend/Apply":
			return _vmc_frame(now_s)
		"/VMC/Ext/T":
			if arguments.size() < 1 or not _are_numbers(arguments, 1) or abs(arguments[0]) > TIME_LIMIT_S:
				return "a time that is no number of seconds"
			_vmc_time = arguments[0]
			_vmc_has_times = true
		"/VMC/Ext/OK":
			_vmc_tracks = arguments.size() < 4 or not (arguments[3] is int and arguments[3] == 0)
		"/VMC/Thru/facecue/emotion":
			if arguments.size() < 2 or not arguments[0] is String or not _is_number(arguments[1]):
				return "an emotion that is not a name and a number"
			var place = Frame.EMOTIONS.find(arguments[0])
			if place >= 0:
				_vmc.emotion[place] = clamp(arguments[1], 0.0, 1.0)
	return null


func _expression(arguments):
	if arguments.size() < 2 or not arguments[0] is String or not _is_number(arguments[1]):
		return "an expression that is not a name and a number"
	var key = arguments[0].to_lower()
	if not key in _index:
		if key == "" or names.size() >= NAME_LIMIT:
			return "more than %d expressions" % NAME_LIMIT
		_index[key] = names.size()
		names.append(arguments[0])
	var i = _index[key]
	while _vmc.weights.size() <= i:
		_vmc.weights.append(0.0)
	_vmc.weights[i] = clamp(arguments[1], 0.0, 1.0)
	return null


func _bone(arguments):
	if arguments.size() < 8 or not arguments[0] is String:
		return "a bone without its name and seven numbers"
	if arguments[0] in _bones:  # positions are left alone: they hold the sender's proportions
		var turn = [arguments[4], arguments[5], arguments[6], arguments[7]]
		if not _are_numbers(turn, 4) or not _is_turn(turn, 0):
			return "a bone that is not turned by a unit quaternion"
		# Unity is left-handed with x to the subject's right: the mirror of the head frame
		_bones[arguments[0]] = Quat(turn[0], -turn[1], -turn[2], turn[3]).normalized()
	return null


func _vmc_frame(now_s):
	if not _vmc_tracks:
		return null
	if _vmc_has_times and _vmc_time == null:
		incomplete += 1
		return null
	var frame = _vmc.copy()
	frame.number = -1  # VMC does not count
	frame.time_s = now_s if _vmc_time == null else float(_vmc_time)
	_vmc_time = null
	frame.head = _bones.Neck * _bones.Head
	var right = _gaze(_bones.RightEye)
	var left = _gaze(_bones.LeftEye)
	frame.gaze = [right.x, right.y, left.x, left.y]
	return frame


# Yaw (+ the subject's left) and pitch (+ up) of where an eye that is turned so looks, radians.
static func _gaze(turn):
	var looks = turn.xform(Vector3(0, 0, 1))
	return Vector2(atan2(looks.x, looks.z), atan2(looks.y, Vector2(looks.x, looks.z).length()))


static func _is_number(value):
	return (value is float or value is int) and not is_nan(value) and not is_inf(value)


static func _are_numbers(values, count):
	for i in count:
		if not _is_number(values[i]):
			return false
	return true


static func _is_turn(values, from):
	var length = 0.0
	for i in 4:
		length += min(values[from + i] * values[from + i], 4.0)
	return length > 0.81 and length < 1.21


static func _within(value, limit):
	return clamp(value, -limit, limit)
