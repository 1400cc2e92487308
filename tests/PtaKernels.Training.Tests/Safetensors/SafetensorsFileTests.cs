using System.Text;
using PtaKernels.Training.Safetensors;
using PtaKernels.Training.Tests.Models;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Safetensors;

/// <summary>One file of the format, made by hand.</summary>
public sealed class SafetensorsFileTests
{
    private ScratchFolder _scratch = null!;

    [OneTimeSetUp]
    public void Load() => TorchRuntime.Load();

    [SetUp]
    public void MakeFolder() => _scratch = new ScratchFolder();

    [TearDown]
    public void RemoveFolder() => _scratch.Dispose();

    [Test]
    public void HandMadeFileIsRead()
    {
        using var file = Open("""{"a":{"dtype":"F32","shape":[2,1],"data_offsets":[4,12]},"__metadata__":{"format":"pt"},"b":{"dtype":"BF16","shape":[2],"data_offsets":[0,4]},"c":{"dtype":"F16","shape":[],"data_offsets":[12,14]},"d":{"dtype":"F32","shape":[0,3],"data_offsets":[14,14]}}   """,
            [0x80, 0x3F, 0x00, 0xC0, 0, 0, 0x80, 0x3F, 0, 0, 0x20, 0xC1, 0x00, 0x3C]);
        using var scope = NewDisposeScope();
        Tensor[] tensors = [.. file.Header.Entries.Select(file.Read)];
        Assert.That(file.Header.Metadata, Is.EqualTo(new[] { new KeyValuePair<string, string>("format", "pt") }));
        Assert.That(file.Header.Entries.Select(static e => e.Name), Is.EqualTo(new[] { "a", "b", "c", "d" }));
        Assert.That(tensors[0].data<float>(), Is.EqualTo(new[] { 1f, -10f }));
        Assert.That(tensors[0].shape, Is.EqualTo(new long[] { 2, 1 }));
        Assert.That(tensors[1].to(ScalarType.Float32).data<float>(), Is.EqualTo(new[] { 1f, -2f }));
        Assert.That(tensors[2].to(ScalarType.Float32).item<float>(), Is.EqualTo(1f));
        Assert.That(tensors[2].shape, Is.Empty);
        Assert.That(tensors[3].shape, Is.EqualTo(new long[] { 0, 3 }));
        Assert.That(tensors.Select(static t => t.dtype), Is.EqualTo(new[] { ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16, ScalarType.Float32 }));
    }

    [Test]
    public void HeaderIsWrittenAsRead()
    {
        const string Text = """{"__metadata__":{"format":"pt","note":"ä <b>"},"b":{"dtype":"F32","shape":[1],"data_offsets":[4,8]},"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""";
        using var file = Open(Text, new byte[8]);
        byte[] bytes = file.Header.ToBytes();
        Assert.That(bytes.Length % 8, Is.Zero);
        Assert.That(Encoding.UTF8.GetString(bytes, 8, bytes.Length - 8).TrimEnd(' '), Is.EqualTo(Text));
        Assert.That(BitConverter.ToInt64(bytes), Is.EqualTo(bytes.Length - 8));
    }

    [Test]
    public void AllBitsOfAllTypesSurvive([Values(ScalarType.BFloat16, ScalarType.Float16)] ScalarType type)
    {
        // Every 16-bit pattern: NaNs with payloads, infinities, subnormals, both zeros.
        byte[] bits = [.. Enumerable.Range(0, 1 << 16).SelectMany(static i => BitConverter.GetBytes((ushort)i))];
        using var file = Open($$$"""{"a":{"dtype":"{{{SafetensorsType.NameOf(type)}}}","shape":[65536],"data_offsets":[0,131072]}}""", bits);
        using Tensor tensor = file.Read(file.Header.Entries[0]);
        using var copy = new MemoryStream();
        SafetensorsFile.Write(tensor, type, "a", copy);
        Assert.That(copy.ToArray().AsSpan().SequenceEqual(bits));
        copy.SetLength(0);
        file.CopyTo(file.Header.Entries[0], copy);
        Assert.That(copy.ToArray().AsSpan().SequenceEqual(bits));
    }

    [Test]
    public void NonContiguousTensorIsWrittenInOrder()
    {
        using var scope = NewDisposeScope();
        Tensor matrix = arange(6, dtype: ScalarType.Float32).view(2, 3).t();
        using var bytes = new MemoryStream();
        SafetensorsFile.Write(matrix, ScalarType.Float32, "a", bytes);
        Assert.That(Enumerable.Range(0, 6).Select(i => BitConverter.ToSingle(bytes.ToArray(), 4 * i)), Is.EqualTo(new[] { 0f, 3, 1, 4, 2, 5 }));
    }

    [TestCase("""["a"]""", 0, "where a StartObject belongs")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}""", 4, "its header is not JSON")]
    [TestCase("not JSON", 0, "its header is not JSON")]
    [TestCase("""{"a":1}""", 0, "a in the header is a Number")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1]}}""", 4, "tensor 'a' lacks dtype, shape or two data_offsets")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4],"stride":[1]}}""", 4, "says 'stride' of tensor 'a'")]
    [TestCase("""{"a":{"dtype":"F31","shape":[1],"data_offsets":[0,4]}}""", 4, "tensor 'a' has the unknown type F31")]
    [TestCase("""{"a":{"dtype":"F32","shape":[-1],"data_offsets":[0,4]}}""", 4, "a.shape in the header is no list of whole numbers")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1.5],"data_offsets":[0,4]}}""", 4, "a.shape in the header is no list of whole numbers")]
    [TestCase("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}""", 4, "of type F32 and shape [2] does not take the bytes 0 to 4")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[4,0]}}""", 4, "does not take the bytes 4 to 0")]
    [TestCase("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "does not take the bytes 0 to 0")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4, "so tensors overlap or leave a gap")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"b":{"dtype":"F32","shape":[1],"data_offsets":[8,12]}}""", 12, "so tensors overlap or leave a gap")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 3, "it is cut short, its tensors need 4 bytes and 3 are there")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 9, "5 bytes at its end belong to no tensor")]
    [TestCase("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"a":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", 8, "tensor 'a' is in the header twice")]
    [TestCase("""{"__metadata__":{"a":1}}""", 0, "__metadata__.a in the header is a Number")]
    public void DamageIsOneSentence(string header, int dataBytes, string sentence)
    {
        AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => Open(header, new byte[dataBytes]).Dispose());
        Assert.That(error.Message, Does.StartWith(_scratch["file"] + ": ").And.Contains(sentence).And.EndsWith(".").And.Not.Contains("\n"));
    }

    [TestCase(0, new byte[] { 1, 2 }, "it has 2 bytes")]
    [TestCase(0, new byte[0], "it has 0 bytes")]
    [TestCase(100, new byte[] { 1 }, "it is cut short within its header")]
    [TestCase(-1, new byte[] { 1 }, "give no length of a header")]
    [TestCase(long.MaxValue, new byte[] { 1 }, "give no length of a header")]
    public void StartOfAFileIsChecked(long length, byte[] rest, string sentence)
    {
        File.WriteAllBytes(_scratch["file"], length == 0 ? rest : [.. BitConverter.GetBytes(length), .. rest]);
        Assert.That(() => new SafetensorsFile(_scratch["file"]), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(sentence));
    }

    [Test]
    public void EveryCutAndEveryFlippedHeaderByteIsASentenceOrRead()
    {
        byte[] whole = File.ReadAllBytes(Path.Combine(ModelGoldens.Folder("mpt-clip-scale-sharded"), "model-00001-of-00002.safetensors"));
        int header = 8 + (int)BitConverter.ToInt64(whole);
        for (int at = 0; at < header; at++)
        {
            File.WriteAllBytes(_scratch["file"], whole[..at]);
            Assert.That(() => new SafetensorsFile(_scratch["file"]), Throws.TypeOf<AlignmentDataException>(), $"cut at {at}");
            byte[] flipped = [.. whole];
            flipped[at] ^= 0x10;
            File.WriteAllBytes(_scratch["file"], flipped);
            try
            {
                new SafetensorsFile(_scratch["file"]).Dispose();
            }
            catch (AlignmentDataException)
            {
                // Nothing else may come out; a name or a text may have changed unseen.
            }
        }
    }

    private SafetensorsFile Open(string header, byte[] data)
    {
        byte[] text = Encoding.UTF8.GetBytes(header);
        File.WriteAllBytes(_scratch["file"], [.. BitConverter.GetBytes((long)text.Length), .. text, .. data]);
        return new SafetensorsFile(_scratch["file"]);
    }
}
