# A head made at run time: a ball with a painted face, the 52 shapes under names as they are found in the wild (some of
# them move something), and a skeleton whose bones stand at odd angles at rest.
extends Spatial

const Frame = preload("res://addons/facecue/facecue_frame.gd")

const ROWS = 64
const COLUMNS = 72
const MOUTH = Vector2(0.0, -0.38)
const EYES = [Vector2(0.34, 0.16), Vector2(-0.34, 0.16)]  # left, right
const BONES = [
	["Hips", -1, Vector3(0.0, 0.0, 0.0)], ["mixamorig_Neck", 0, Vector3(0.3, 0.7, -0.2)],
	["mixamorig_Head", 1, Vector3(-0.4, 0.2, 0.1)], ["eye.L", 2, Vector3(1.2, 0.0, 0.3)],
	["eye.R", 2, Vector3(1.2, 0.0, -0.3)],
]

var mesh = MeshInstance.new()
var skeleton = Skeleton.new()
var shapes = []


func _init():
	for i in Frame.ARKIT.size():
		shapes.append(_spelled(Frame.ARKIT[i], i))
	mesh.mesh = _ball()
	var paint = SpatialMaterial.new()
	paint.vertex_color_use_as_albedo = true
	mesh.material_override = paint
	add_child(mesh)
	for i in BONES.size():
		skeleton.add_bone(BONES[i][0])
		if BONES[i][1] >= 0:
			skeleton.set_bone_parent(i, BONES[i][1])
		skeleton.set_bone_rest(i, Transform(Basis(BONES[i][2]), Vector3(0, 0.1, 0)))
	skeleton.rotation = Vector3(-PI / 2, 0.2, 0)  # as some exporters leave it
	add_child(skeleton)


# One of five spellings in turn.
static func _spelled(name, i):
	var capital = name.substr(0, 1).to_upper() + name.substr(1, name.length())
	match i % 5:
		0:
			return name
		1:
			return capital
		2:
			return "Face.M_F00_" + capital
		3:
			return "head_" + name.replace("Left", "_L").replace("Right", "_R")
	return name.to_upper()


func weights():
	var values = []
	for shape in shapes:
		values.append(mesh.get("blend_shapes/" + shape))
	return values


func turns():
	return _bases(true)


func rests():
	return _bases(false)


# For each bone the x, y and z axis as they stand in the character.
func _bases(posed):
	var found = []
	for i in BONES.size():
		var basis = Basis()
		var bone = i
		while bone >= 0:
			var own = skeleton.get_bone_rest(bone).basis
			basis = (own * skeleton.get_bone_pose(bone).basis if posed else own) * basis
			bone = skeleton.get_bone_parent(bone)
		basis = skeleton.transform.basis * basis
		var axes = []
		for axis in [basis.x, basis.y, basis.z]:
			for value in [axis.x, axis.y, axis.z]:
				axes.append("%.9f" % value)
		found.append(axes)
	return found


func _ball():
	var base = _points("")
	var arrays = []
	arrays.resize(ArrayMesh.ARRAY_MAX)
	arrays[ArrayMesh.ARRAY_VERTEX] = base
	arrays[ArrayMesh.ARRAY_NORMAL] = _normals(base)
	arrays[ArrayMesh.ARRAY_COLOR] = _colours(base)
	var indices = PoolIntArray()
	for row in ROWS - 1:
		for column in COLUMNS:
			var next = (column + 1) % COLUMNS
			var here = row * COLUMNS
			var below = here + COLUMNS
			indices.append_array([here + column, here + next, below + column])
			indices.append_array([here + next, below + next, below + column])
	arrays[ArrayMesh.ARRAY_INDEX] = indices
	var made = ArrayMesh.new()
	made.blend_shape_mode = Mesh.BLEND_SHAPE_MODE_NORMALIZED
	var blends = []
	for i in Frame.ARKIT.size():
		made.add_blend_shape(shapes[i])
		var moved = _points(Frame.ARKIT[i])
		var blend = []
		blend.resize(ArrayMesh.ARRAY_MAX)
		blend[ArrayMesh.ARRAY_VERTEX] = moved
		blend[ArrayMesh.ARRAY_NORMAL] = _normals(moved)
		blend[ArrayMesh.ARRAY_COLOR] = arrays[ArrayMesh.ARRAY_COLOR]
		blends.append(blend)
	made.add_surface_from_arrays(Mesh.PRIMITIVE_TRIANGLES, arrays, blends)
	return made


static func _points(shape):
	var points = PoolVector3Array()
	for row in ROWS:
		var polar = PI * row / (ROWS - 1)
		for column in COLUMNS:
			var around = TAU * column / COLUMNS
			var point = Vector3(sin(polar) * sin(around), cos(polar), sin(polar) * cos(around))
			points.append(point + _moved(shape, Vector2(point.x, point.y)) if point.z > 0 else point)
	return points


# How far a shape moves a point of the face.
static func _moved(shape, at):
	var side = 0 if shape.ends_with("Left") else 1
	var eye = EYES[side]
	var mouth = at - MOUTH
	if shape == "jawOpen" and mouth.y < 0:
		return Vector3(0, -0.3 * exp(-mouth.x * mouth.x / 0.1) * exp(-mouth.y * mouth.y / 0.3), 0)
	if shape.begins_with("mouthSmile"):
		var corner = at - MOUTH - Vector2(0.28 if side == 0 else -0.28, 0)
		var much = exp(-corner.length_squared() / 0.03)
		return Vector3(0.06 * sign(corner.x + mouth.x) * much, 0.18 * much, 0)
	if shape == "mouthPucker":
		return Vector3(-0.7 * mouth.x, 0.0, 0.12) * exp(-mouth.length_squared() / 0.05)
	if shape.begins_with("eyeBlink"):
		var away = at - eye
		return Vector3(0, -0.95 * (away.y + 0.08) * exp(-pow(away.length() / 0.2, 4)), 0)
	if shape.begins_with("browDown") or shape.begins_with("browOuterUp"):
		var brow = at - eye - Vector2(0, 0.24)
		return Vector3(0, (-0.1 if shape[4] == "D" else 0.14) * exp(-brow.length_squared() / 0.02), 0)
	return Vector3()


static func _normals(points):
	var normals = PoolVector3Array()
	for point in points:
		normals.append(point.normalized())
	return normals


static func _colours(points):
	var colours = PoolColorArray()
	for point in points:
		colours.append(_painted(Vector2(point.x, point.y)) if point.z > 0 else Color(0.35, 0.22, 0.15))
	return colours


static func _painted(at):
	var lips = (at - MOUTH) / Vector2(0.3, 0.055)
	if lips.length() < 1.8:
		return Color(0.15, 0.03, 0.04) if lips.length() < 0.9 else Color(0.75, 0.3, 0.3)
	for eye in EYES:
		var away = at - eye
		if (away / Vector2(0.17, 0.1)).length() < 1.0:
			return Color(0.1, 0.2, 0.35) if away.length() < 0.075 else Color(0.95, 0.95, 0.95)
		if abs(away.x) < 0.2 and abs(away.y - 0.24) < 0.035:
			return Color(0.3, 0.18, 0.12)
	return Color(0.85, 0.65, 0.55)
