# A head made at run time: a ball with the 52 shapes under names as they are found in the wild, and a skeleton whose bones stand
# at odd angles at rest.
extends Spatial

const Frame = preload("res://addons/facecue/facecue_frame.gd")

const ROWS = 24
const COLUMNS = 32
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


static func _points(_shape):
	var points = PoolVector3Array()
	for row in ROWS:
		var polar = PI * row / (ROWS - 1)
		for column in COLUMNS:
			var around = TAU * column / COLUMNS
			points.append(Vector3(sin(polar) * sin(around), cos(polar), sin(polar) * cos(around)))
	return points


static func _normals(points):
	var normals = PoolVector3Array()
	for point in points:
		normals.append(point.normalized())
	return normals


static func _colours(points):
	var colours = PoolColorArray()
	for _point in points:
		colours.append(Color(0.8, 0.6, 0.5))
	return colours
