# Plays frames at audio time, a little late, so that uneven arrival is not seen; eases to rest when they stop.
#
# The delay follows what the network does: one frame and the worst lateness of the last seconds, within limits. All
# times are given by the caller, in seconds of one clock.
extends Reference

const Frame = preload("facecue_frame.gd")

const FRAMES = 64  # kept at most
const RESTART_S = 1.0  # a jump of the stream's time by more is another stream
const DRIFT = 0.001  # s/s by which the sender's clock may be slow against ours
const FORGET_S = 5.0  # time constant with which lateness is forgotten
const SLEW = 0.1  # s/s by which the delay changes: a face 10 % faster or slower is not noticed
const RETURN_S = 0.15  # from rest back to the frames

var least_delay_s = 0.02
var most_delay_s = 0.25
var hold_s = 0.3  # the last face is held so long
var ease_s = 0.6  # and so long it takes to rest
var delay_s = 0.02  # now
var presence = 0.0  # 0 at rest, 1 as the frames say
var late = 0  # frames that came after their time, or twice
var restarts = 0

var _frames = []
var _base = null  # smallest arrival time - audio time of late
var _lateness = 0.0
var _interval = 0.02
var _arrived = 0.0
var _sampled = null
var _cursor = null
var _between = Frame.new()
var _shown = Frame.new()
var _rest = Frame.new()


func push(frame, now_s):
	var base = now_s - frame.time_s
	if not _frames.empty():
		var step = frame.time_s - _frames.back().time_s
		if abs(step) > RESTART_S:
			restarts += 1
			_forget()
		elif step <= 0.0:
			_arrived = now_s
			_insert(frame)
			return
		else:
			_interval += 0.1 * (min(step, 0.1) - _interval)
	if _base == null:
		_base = base
	else:
		var passed = max(now_s - _arrived, 0.0)
		_base = min(_base + DRIFT * passed, base)
		_lateness *= exp(-passed / FORGET_S)
	_lateness = max(_lateness, base - _base)
	_arrived = now_s
	_frames.append(frame)
	if _frames.size() > FRAMES:
		_frames.pop_front()


# The face to show now; the same object every time.
func sample(now_s):
	var passed = 0.0 if _sampled == null else max(now_s - _sampled, 0.0)
	_sampled = now_s
	if _frames.empty():
		_shown.rest()
		presence = 0.0
		return _shown
	var present = now_s - _arrived < hold_s
	presence = clamp(presence + (passed / RETURN_S if present else -passed / ease_s), 0.0, 1.0)
	var wanted = clamp(_lateness + _interval, least_delay_s, most_delay_s)
	delay_s += clamp(wanted - delay_s, -SLEW * passed, SLEW * passed)
	var cursor = now_s - _base - delay_s
	if _cursor == null or cursor > _cursor:
		_cursor = cursor  # a face does not go back
	while _frames.size() > 1 and _frames[1].time_s <= _cursor:
		_frames.pop_front()
	var from = _frames[0]
	var to = _frames[1] if _frames.size() > 1 else from
	var share = (_cursor - from.time_s) / (to.time_s - from.time_s) if to.time_s > from.time_s else 0.0
	_between.between(from, to, clamp(share, 0.0, 1.0))
	_rest.weights.resize(_between.weights.size())
	_rest.rest()
	_shown.between(_rest, _between, presence * presence * (3.0 - 2.0 * presence))
	_shown.number = _between.number
	_shown.time_s = _between.time_s
	if presence == 0.0 and not present:
		_forget()
	return _shown


# A frame that another overtook: into its place, unless that is past.
func _insert(frame):
	var at = _frames.size()
	while at > 0 and _frames[at - 1].time_s > frame.time_s:
		at -= 1
	if at == 0 or _frames[at - 1].time_s == frame.time_s:
		late += 1
	else:
		_frames.insert(at, frame)


func _forget():
	_frames.clear()
	_base = null
	_cursor = null
	_lateness = 0.0
	_interval = 0.02
