# What the tests ask of the addon, by the environment: FACECUE_TASK names a function below, FACECUE_INPUT a file of
# JSON for it, FACECUE_PORT the port to listen to. Answers are lines of JSON that begin with "JSON ".
extends Spatial

const Receiver = preload("res://addons/facecue/facecue_receiver.gd")
const Osc = preload("res://addons/facecue/facecue_osc.gd")
const Names = preload("res://addons/facecue/facecue_names.gd")
const Frame = preload("res://addons/facecue/facecue_frame.gd")
const Buffer = preload("res://addons/facecue/facecue_buffer.gd")
const Character = preload("res://character.gd")

const SILENCE_S = 1.5  # after the last frame the listener ends
const PATIENCE_S = 60.0

var receiver
var character
var heard_at = -1.0
var felt = []


func _ready():
	Engine.target_fps = 100
	var task = OS.get_environment("FACECUE_TASK")
	call(task)
	if not task in ["listen", "picture"]:
		get_tree().quit()


func say(what):
	print("JSON ", to_json(what))


func given():
	var file = File.new()
	file.open(OS.get_environment("FACECUE_INPUT"), File.READ)
	return JSON.parse(file.get_as_text()).result


# Numbers with nine places: the engine's own JSON keeps fewer.
func exact(values):
	var texts = []
	for value in values:
		texts.append("%.9f" % value)
	return texts


func parts(turn):
	return [turn.x, turn.y, turn.z, turn.w]


func listen():
	character = Character.new()
	add_child(character)
	receiver = Receiver.new()
	receiver.port = int(OS.get_environment("FACECUE_PORT"))
	receiver.ease_s = 0.2
	receiver.connect("frame_received", self, "_on_frame")
	receiver.connect("emotion_changed", self, "_on_emotion")
	character.add_child(receiver)
	say({"state": receiver.state, "report": receiver.report})


func _on_frame(frame):
	heard_at = now_s()
	say(told(frame))


func told(frame):
	return {
		"n": frame.number, "t": "%.9f" % frame.time_s, "arkit": exact(frame.weights), "gaze": exact(frame.gaze),
		"emotion": exact(frame.emotion), "head": exact(parts(frame.head)),
		"shift": exact([frame.shift.x, frame.shift.y, frame.shift.z]),
	}


func _on_emotion(emotion, _probability):
	felt.append(emotion)


func now_s():
	return OS.get_ticks_usec() * 1e-6


func _process(_delta):
	if OS.get_environment("FACECUE_TASK") != "listen":
		return
	if heard_at >= 0.0 and now_s() - heard_at > SILENCE_S or now_s() > PATIENCE_S:
		say({
			"received": receiver.wire.received, "rejected": receiver.wire.rejected,
			"incomplete": receiver.wire.incomplete, "late": receiver.buffer.late, "felt": felt,
			"presence": receiver.buffer.presence, "weights_at_rest": exact(character.weights()),
			"names": receiver.wire.names, "detail": receiver.wire.detail, "delay_s": receiver.buffer.delay_s,
		})
		get_tree().quit()


# Packets of the input (hex) with the times they come at: the frames they make, and what was counted.
func take():
	receiver = Receiver.new()
	for event in given():
		var frames = []
		for frame in receiver.wire.take(bytes(event.packet), event.at):
			frames.append(told(frame))
		var wire = receiver.wire
		say({
			"frames": frames, "received": wire.received, "rejected": wire.rejected, "incomplete": wire.incomplete,
			"detail": wire.detail, "names": wire.names.slice(52, 60),
		})
	receiver.free()


func bytes(text):
	var packet = PoolByteArray()
	for i in range(0, text.length(), 2):
		packet.append(("0x" + text.substr(i, 2)).hex_to_int())
	return packet


# Each packet of the input (hex): the reason for which it is refused, and its messages.
func osc():
	var reader = Osc.new()
	for text in given():
		var messages = reader.read(bytes(text))
		var shown = []
		for message in messages:
			var arguments = []
			for argument in message[1]:
				arguments.append("%.9f" % argument if argument is float else argument)
			shown.append([message[0], arguments])
		say({"reason": reader.reason, "messages": shown})


func names():
	for line in given():
		say(Names.find(line.names, [Names.plain(line.wanted)]))


# Frames of one weight and a turn about y that come at given times, and the face at others.
func buffer():
	var played = Buffer.new()
	for event in given():
		if "sample" in event:
			var face = played.sample(event.sample)
			say({
				"weight": "%.9f" % face.weights[0], "turn": "%.9f" % face.head.y, "presence": played.presence,
				"time": "%.9f" % face.time_s, "delay": played.delay_s, "late": played.late, "restarts": played.restarts,
			})
		else:
			var frame = Frame.new()
			frame.number = int(event.n)
			frame.time_s = event.t
			frame.weights[0] = event.weight
			frame.head = Quat(Vector3.UP, event.turn)
			played.push(frame, event.at)


# What the character does with a frame of the input.
func show():
	character = Character.new()
	add_child(character)
	for line in given():
		var puppet = Receiver.Puppet.new()
		puppet.map = line.map
		puppet.neck_share = line.neck_share
		puppet.find(character, Frame.ARKIT)
		var frame = Frame.new()
		frame.weights = line.arkit
		frame.gaze = line.gaze
		frame.head = Quat(line.head[0], line.head[1], line.head[2], line.head[3])
		puppet.show(frame, Frame.ARKIT)
		say({"weights": exact(character.weights()), "bones": character.turns(), "rests": character.rests()})


# A picture of the character for each line of the input: weights by name, and where to put it.
func picture():
	character = Character.new()
	add_child(character)
	var camera = Camera.new()
	add_child(camera)
	camera.translation = Vector3(0, 0, 3.2)
	camera.fov = 45
	var sun = DirectionalLight.new()
	add_child(sun)
	sun.rotation = Vector3(-0.6, 0.4, 0)
	var puppet = Receiver.Puppet.new()
	puppet.find(character, Frame.ARKIT)
	for line in given():
		var frame = Frame.new()
		for name in line.weights:
			frame.weights[Frame.ARKIT.find(name)] = line.weights[name]
		puppet.show(frame, Frame.ARKIT)
		for _i in 3:
			yield(get_tree(), "idle_frame")
		yield(VisualServer, "frame_post_draw")
		var image = get_viewport().get_texture().get_data()
		image.flip_y()
		say(image.save_png(line.file))
	get_tree().quit()
