using Apache.Arrow;
using Apache.Arrow.Ipc;
using Apache.Arrow.Types;
using PtaKernels.Corpus;

namespace PtaKernels.Tests.Corpus.Texts;

/// <summary>Corpora of texts in all their forms.</summary>
public sealed class TextDocumentTests
{
    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("a.jsonl")]
    [TestCase("a.jsonl.gz")]
    public void JsonLines(string name)
    {
        string path = _folder.Write(name, """{"id": "x", "text": "one\n😀", "kind": "k", "n": 3, "more": "m"}""", "", """{"text": "", "kind": 4, "score": NaN}""");
        TextDocument[] documents = [.. TextDocument.Read(path, "kind", keepFields: true)];
        Assert.That(documents.Select(static d => (d.Id, d.Domain, d.Text, d.Where)), Is.EqualTo(new[] { ("x", "k", "one\n😀", $"{path}, line 1"), ("line 3", "4", "", $"{path}, line 3") }));
        Assert.That(documents[0].Fields, Is.EqualTo(new[] { KeyValuePair.Create("kind", "k"), KeyValuePair.Create("more", "m") }));
        Assert.That(documents[1].Fields, Is.Empty);
        Assert.That(TextDocument.Read(path).Select(static d => (d.Domain, d.Fields.Count)), Has.All.EqualTo(("", 0)));
    }

    [Test]
    public void DatasetFolderWithSplits([Values] bool named)
    {
        Directory.CreateDirectory(_folder["data"]);
        File.WriteAllText(_folder["data/dataset_dict.json"], """{"splits": ["train", "test"]}""");
        Split("train", [(named ? "n0" : null, "first", "web"), (named ? "n1" : null, "zwei é", "core")], named);
        Split("test", [(named ? "n2" : null, "", "web")], named);
        TextDocument[] documents = [.. TextDocument.Read(_folder["data"], "domain", keepFields: true)];
        Assert.That(documents.Select(static d => (d.Text, d.Domain)), Is.EqualTo(new[] { ("first", "web"), ("zwei é", "core"), ("", "web") }));
        Assert.That(documents.Select(static d => d.Id), Is.EqualTo(named ? new[] { "n0", "n1", "n2" } : ["train/0", "train/1", "test/0"]));
        Assert.That(documents[1].Fields, Is.EqualTo(new[] { KeyValuePair.Create("domain", "core") }));
        Assert.That(documents[^1].Share, Is.EqualTo(1));
        Assert.That(() => TextDocument.Read(_folder["data"], "none").ToArray(), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("no column none"));
    }

    [Test]
    public void PlainTexts()
    {
        Directory.CreateDirectory(_folder["texts/sub"]);
        File.WriteAllText(_folder["texts/b.txt"], "zwei\n", new System.Text.UTF8Encoding(true));
        File.WriteAllText(_folder["texts/sub/a.txt"], "eins");
        File.WriteAllText(_folder["texts/sub/a.md"], "no");
        Assert.That(TextDocument.Read(_folder["texts"]).Select(static d => (d.Id, d.Text, d.Share)), Is.EqualTo(new[] { ("b.txt", "zwei\n", 0.5), ("sub/a.txt", "eins", 1.0) }));
        Assert.That(TextDocument.Read(_folder["texts/b.txt"]).Single().Id, Is.EqualTo("b.txt"));
        File.WriteAllBytes(_folder["texts/b.txt"], [65, 66, 0xFF]);
        using (Assert.EnterMultipleScope())
        {
            Fails(_folder["texts"], "byte 2 is not UTF-8");
            Fails(_folder["none.txt"], "no such file");
            Assert.That(() => TextDocument.Read(_folder["texts"], "kind").ToArray(), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("no field kind"));
        }
    }

    [Test]
    public void BadCorporaAreOneSentence()
    {
        Directory.CreateDirectory(_folder["data"]);
        Directory.CreateDirectory(_folder["empty"]);
        using (Assert.EnterMultipleScope())
        {
            Fails(_folder["none"], "no such file");
            Fails(_folder["empty"], "holds no document");
            Fails(_folder.Write("a"), "holds no document");
            Fails(_folder.Write("b", """{"text": "x"}""", """{"body": "x"}"""), "line 2: has no string text");
            Fails(_folder.Write("c", """{"text": 3}"""), "line 1: has no string text");
            Fails(_folder.Write("d", """{"text": "x"""), "line 1: not whole JSON");
            Fails(_folder.Write("e", """{"text": "\ud800"}"""), "line 1: not whole JSON");
            Shard(_folder["data"], [new Field("body", StringType.Default, true)], [new StringArray.Builder().Append("x").Build()], 1);
            Fails(_folder["data"], "has no column text");
            Shard(_folder["data"], [new Field("text", Int32Type.Default, true)], [new Int32Array.Builder().Append(3).Build()], 1);
            Fails(_folder["data"], "column text is int32, not a string");
            Shard(_folder["data"], [new Field("text", StringType.Default, true)], [new StringArray.Builder().Append("x").AppendNull().Build()], 2);
            Fails(_folder["data"], "row 1: text is null");
        }
    }

    private static void Fails(string path, string expected) =>
        Assert.That(() => TextDocument.Read(path).ToArray(), Throws.TypeOf<AlignmentDataException>().With.Message.Contains(path).And.Message.Contains(expected));

    private void Split(string name, (string? Id, string Text, string Domain)[] rows, bool named)
    {
        StringArray.Builder ids = new(), texts = new(), domains = new();
        foreach ((string? id, string text, string domain) in rows)
        {
            ids.Append(id);
            texts.Append(text);
            domains.Append(domain);
        }

        Field[] fields = [new("id", StringType.Default, true), new("text", StringType.Default, true), new("n", Int32Type.Default, true), new("domain", StringType.Default, true)];
        IArrowArray[] columns = [ids.Build(), texts.Build(), new Int32Array.Builder().AppendRange(Enumerable.Range(0, rows.Length)).Build(), domains.Build()];
        Directory.CreateDirectory(_folder["data/" + name]);
        Shard(_folder["data/" + name], named ? fields : fields[1..], named ? columns : columns[1..], rows.Length);
    }

    private static void Shard(string folder, Field[] fields, IArrowArray[] columns, int rows)
    {
        File.WriteAllText(Path.Combine(folder, "state.json"), """{"_data_files": [{"filename": "data.arrow"}]}""");
        var schema = new Schema(fields, null);
        using FileStream file = File.Create(Path.Combine(folder, "data.arrow"));
        using var writer = new ArrowStreamWriter(file, schema);
        using var batch = new RecordBatch(schema, columns, rows);
        writer.WriteRecordBatch(batch);
        writer.WriteEnd();
    }
}
