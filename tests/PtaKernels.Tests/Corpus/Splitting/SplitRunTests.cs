using System.Text;
using System.Text.Json;
using PtaKernels.Corpus;
using PtaKernels.Tests.Cli;
using PtaKernels.Text;

namespace PtaKernels.Tests.Corpus.Splitting;

/// <summary>Whole corpora through <c>pta split</c>: order, places, fields, and the same file from any number of threads.</summary>
public sealed class SplitRunTests
{
    private static readonly string[] Tokenizers = [Repository.PathOf("samples/demo/neox/tokenizer.model"), Repository.PathOf("samples/demo/target/tokenizer.model")];

    private static readonly TextEncoder[] Encoders = [.. Tokenizers.Select(TextEncoder.Load)];

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void PiecesKeepTheirPlacesAndFields()
    {
        var random = new Random(4);
        (string Id, string Text)[] corpus = [.. Enumerable.Range(0, 150).Select(i => ($"d{i}", i == 7 ? "" : Text(random, 1 + random.Next(200))))];
        string input = _folder.Write("in.jsonl", corpus.Select(static d => JsonSerializer.Serialize(new { id = d.Id, n = 4, domain = "d" + d.Text.Length, text = d.Text, document = "former" })));
        SplitReport[] reports = [.. new[] { 1, 3 }.Select(threads => new SplitRun { InputPath = input, Encoders = Encoders, OutputPath = _folder[$"out{threads}"], Length = 40, Threads = threads }.Run(CancellationToken.None))];
        Assert.That(File.ReadAllBytes(_folder["out3"]), Is.EqualTo(File.ReadAllBytes(_folder["out1"])));
        JsonElement[] pieces = [.. File.ReadLines(_folder["out1"]).Select(static l => JsonElement.Parse(l))];
        Assert.That(pieces.Select(static p => p.GetProperty("document").GetString()).Distinct(), Is.EqualTo(corpus.Where(static d => d.Text.Length > 0).Select(static d => d.Id)));
        long[] tokens = new long[2];
        foreach (IGrouping<string, JsonElement> document in pieces.GroupBy(static p => p.GetProperty("document").GetString()!))
        {
            JsonElement[] own = [.. document];
            string text = corpus.Single(d => d.Id == document.Key).Text;
            Assert.That(string.Concat(own.Select(TextOf)), Is.EqualTo(text));
            int at = 0;
            for (int n = 0; n < own.Length; n++)
            {
                Assert.That(own[n].GetProperty("id").GetString(), Is.EqualTo(own.Length == 1 ? document.Key : $"{document.Key}#{n}"));
                Assert.That(own[n].GetProperty("byte_start").GetInt32(), Is.EqualTo(at));
                Assert.That(own[n].GetProperty("domain").GetString(), Is.EqualTo("d" + text.Length));
                Assert.That(own[n].EnumerateObject().Select(static p => p.Name), Is.EqualTo(new[] { "id", "document", "byte_start", "domain", "text" }));
                at += Encoding.UTF8.GetByteCount(TextOf(own[n]));
                for (int t = 0; t < 2; t++)
                    tokens[t] += Encoders[t].Encode(Encoding.UTF8.GetBytes(TextOf(own[n]))).Length;
            }
        }

        Assert.That((reports[0].Documents, reports[0].Empty, reports[0].Pieces), Is.EqualTo((150L, 1L, (long)pieces.Length)));
        Assert.That(reports[0].Tokens, Is.EqualTo(tokens));
        Assert.That(reports[0].Cut, Is.EqualTo(pieces.GroupBy(static p => p.GetProperty("document").GetString()).Count(static g => g.Count() > 1)));

        static string TextOf(JsonElement piece) => piece.GetProperty("text").GetString()!;
    }

    [Test]
    public void TheVerbReadsAndWritesCompressedLines()
    {
        string input = _folder.Write("in.jsonl.gz", """{"text": "one two three four five six seven eight nine ten eleven twelve"}""");
        string[] arguments = ["split", "--documents", input, "--tokenizer", Tokenizers[0], "--tokenizer", Tokenizers[1], "--out", _folder["out.jsonl.gz"], "--length", "9"];
        (int exit, string output, string errors) = Pta.Run(arguments);
        Assert.That(exit, Is.Zero, errors);
        Assert.That(output, Does.Contain("1 documents, 1 of them cut").And.Contains("tokens of neox").And.Contains("tokens of target"));
        TextDocument[] pieces = [.. TextDocument.Read(_folder["out.jsonl.gz"])];
        Assert.That(pieces.Select(static p => p.Id), Is.EqualTo(Enumerable.Range(0, pieces.Length).Select(static n => $"line 1#{n}")));
        Assert.That(Pta.Run(arguments).Errors, Does.Contain("exists already"));
        Assert.That(Pta.Run([.. arguments, "--force", "--json"]).Output, Does.Contain("\"cut\": 1"));
    }

    [Test]
    public void BadInputIsOneSentenceAndLeavesNothing()
    {
        using (Assert.EnterMultipleScope())
        {
            Fails("holds no document", _folder.Write("a"));
            Fails("every document is empty", _folder.Write("b", """{"text": ""}"""));
            Fails("line 2: has no string text", _folder.Write("c", """{"text": "x"}""", "{}"));
            Fails("--length 2", _folder.Write("d", """{"text": "x"}"""), "--length", "2");
            Fails("'😀' alone is", _folder.Write("e", """{"text": "x 😀"}"""), "--length", "4");
            Fails("no such file", _folder["none"]);
        }

        Assert.That(_folder.Names, Is.EqualTo(new[] { "a", "b", "c", "d", "e" }));

        void Fails(string expected, string input, params string[] more)
        {
            (int exit, _, string errors) = Pta.Run(["split", "--documents", input, "--tokenizer", Tokenizers[0], "--out", _folder["out"], .. more]);
            Assert.That(exit, Is.EqualTo(1));
            Assert.That(errors, Does.StartWith("pta: ").And.Contains(expected).And.Length.LessThan(400));
        }
    }

    private static string Text(Random random, int words)
    {
        string[] all = ["word", "longer words", "😀", "汉字", "\n", "x.Y()", "  ", "é", "\"quoted\"", "\\", "</s>"];
        return string.Join(' ', Enumerable.Range(0, words).Select(_ => all[random.Next(all.Length)]));
    }
}
