using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using PtaKernels.Corpus.Serving;
using PtaKernels.Tests.Alignment;
using PtaKernels.Tests.Text;

namespace PtaKernels.Tests.Corpus.Serving;

/// <summary>Vocabularies that another program hands over.</summary>
[TestFixture]
public sealed class VocabularyTableTests
{
    private static readonly byte[] Lone = [0x61, 0xED, 0xA0, 0x80], OtherLone = [0xED, 0xB0, 0x80, 0xED, 0xA0, 0x80];

    [Test]
    public void TokensAreWhatTheOtherProgramHolds()
    {
        using var folder = new TemporaryFolder();
        TokenVocabulary expected = SmallModel.Target.Vocabulary;
        Write(folder["v.arrow"], expected);
        Assert.That(VocabularyTable.Recognises(folder["v.arrow"]));
        TokenVocabulary found = VocabularyTable.Read(folder["v.arrow"]).Vocabulary;
        VocabularyAssert.AreSame(found, expected);
        Assert.That((found.Name, found.Marker, found.IsByteLevel, found.AddsDummyPrefix, found.Fingerprint), Is.EqualTo((expected.Name, expected.Marker, expected.IsByteLevel, expected.AddsDummyPrefix, expected.Fingerprint)));
        Assert.That(VocabularyTable.Recognises(folder.Write("v.json", [SmallModel.Target.VocabularyJson])), Is.False);
    }

    [Test]
    public void LoneSurrogatesAreSymbolsOfTheirOwn()
    {
        using var folder = new TemporaryFolder();
        Write(folder["v.arrow"], [Lone, OtherLone, null, "\U0001F600"u8.ToArray()], [[], [], [0x62], "\U0001F600"u8.ToArray()], [1, 2, 0, 0], [-1, -3, -1, 3]);
        (TokenVocabulary vocabulary, int[]? map) = VocabularyTable.Read(folder["v.arrow"]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(vocabulary.StringOf(0), Is.EqualTo("a\uD800"));
            Assert.That(vocabulary.StringOf(1), Is.EqualTo("\uDC00\uD800"), "in this order they are no pair");
            Assert.That(vocabulary.Texts[1].ToArray(), Is.EqualTo(new[] { 0xDC00, 0xD800 }), "a special token's symbols are its string");
            Assert.That(vocabulary.RolesOf(1), Is.EqualTo(TokenRoles.Bos | TokenRoles.Special), "any role makes a token special");
            Assert.That(vocabulary.HasToken(2), Is.False);
            Assert.That(vocabulary.StringOf(3), Is.EqualTo("\U0001F600"));
            Assert.That(map, Is.EqualTo(new[] { -1, -3, -1, 3 }));
            Assert.That(VocabularyTable.MapOf("v", map, vocabulary)![3], Is.EqualTo(3));
            Assert.That(() => VocabularyTable.MapOf("v", [0, 2], vocabulary), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo("v: id 1 is mapped to 2, which has no token in v."));
        }
    }

    [Test]
    public void OtherBytesAndRepeatedStringsAreRefused()
    {
        using var folder = new TemporaryFolder();
        using (Assert.EnterMultipleScope())
        {
            foreach (byte[] bad in (byte[][])[[0xFF], [0xED, 0xA0], [0xC0, 0x80], [0xED, 0xA0, 0xBD, 0xED, 0xB8, 0x80]])
                Refuses("the string of id 1 is no UTF-8 with lone surrogates at most.", ["a"u8.ToArray(), bad]);
            Refuses("token string \"a\" has the ids 0 and 1; a token string must be unique.", ["a"u8.ToArray(), "a"u8.ToArray()]);
            Refuses("holds no tokens.", []);
        }

        void Refuses(string sentence, byte[]?[] strings)
        {
            Write(folder["v.arrow"], strings, [.. strings.Select(static s => s ?? [])], [.. strings.Select(static _ => (byte)0)]);
            Assert.That(() => VocabularyTable.Read(folder["v.arrow"]), Throws.TypeOf<AlignmentDataException>().With.Message.StartsWith(folder["v.arrow"] + ": ").And.Message.Contains(sentence));
        }
    }

    [TestCase("name", "", "has no name in its schema's metadata.")]
    [TestCase("byte_level", "1", "has byte_level 1; expected true or false.")]
    public void MetadataIsNeeded(string key, string value, string sentence)
    {
        using var folder = new TemporaryFolder();
        Write(folder["v.arrow"], ["a"u8.ToArray()], ["a"u8.ToArray()], [0], change: metadata => metadata[key] = value);
        Assert.That(() => VocabularyTable.Read(folder["v.arrow"]), Throws.TypeOf<AlignmentDataException>().With.Message.EqualTo($"{folder["v.arrow"]}: {sentence}"));
    }

    /// <summary>A vocabulary as it is.</summary>
    internal static void Write(string path, TokenVocabulary vocabulary)
    {
        int[] ids = [.. Enumerable.Range(0, vocabulary.Count)];
        Write(path, [.. ids.Select(id => vocabulary.StringOf(id) is { } s ? System.Text.Encoding.UTF8.GetBytes(s) : null)], [.. ids.Select(id => vocabulary.Bytes[id].ToArray())], [.. ids.Select(id => (byte)vocabulary.RolesOf(id))], change: metadata =>
        {
            metadata["name"] = vocabulary.Name;
            metadata["marker"] = vocabulary.Marker;
            metadata["byte_level"] = vocabulary.IsByteLevel ? "true" : "false";
            metadata["dummy_prefix"] = vocabulary.AddsDummyPrefix ? "true" : "false";
        });
    }

    private static void Write(string path, byte[]?[] strings, byte[][] texts, byte[] roles, int[]? map = null, Action<Dictionary<string, string>>? change = null)
    {
        Dictionary<string, string> metadata = new() { ["name"] = "v", ["marker"] = "▁", ["byte_level"] = "false", ["dummy_prefix"] = "true" };
        change?.Invoke(metadata);
        List<Field> fields = [new("string", BinaryType.Default, true), new("text", BinaryType.Default, false), new("roles", UInt8Type.Default, false)];
        var stringColumn = new BinaryArray.Builder();
        foreach (byte[]? one in strings)
            _ = one is null ? stringColumn.AppendNull() : stringColumn.Append(one.AsSpan());
        var textColumn = new BinaryArray.Builder();
        foreach (byte[] one in texts)
            textColumn.Append(one.AsSpan());
        List<IArrowArray> columns = [stringColumn.Build(), textColumn.Build(), new UInt8Array.Builder().AppendRange(roles).Build()];
        if (map is not null)
        {
            fields.Add(new Field("map", Int32Type.Default, false));
            columns.Add(new Int32Array.Builder().AppendRange(map).Build());
        }

        var schema = new Schema(fields, metadata);
        using FileStream file = File.Create(path);
        using var writer = new ArrowStreamWriter(file, schema);
        writer.WriteRecordBatch(new RecordBatch(schema, columns, strings.Length));
        writer.WriteEnd();
    }
}
