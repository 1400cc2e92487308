using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;
using PtaKernels.Text;

namespace PtaKernels.Tests.Text.Encoders;

/// <summary>Ids of the originals: SentencePiece 0.1.97, tiktoken 1.0.22, Hugging Face tokenizers 0.23.2.</summary>
public sealed class KnownIdsTests
{
    private const int CutAt = 2048;

    [TestCase("spA", 229)]
    [TestCase("spB", 96)]
    [TestCase("gpt2", 156)]
    [TestCase("cl100k", 118)]
    [TestCase("o200k", 69)]
    public void EveryFixtureText(string tokenizer, int texts)
    {
        using var folder = new VocabularyFolder();
        TextEncoder encoder = GoldenEncoders.Load(tokenizer, folder);
        int compared = 0;
        foreach ((int id, byte[] text, Dictionary<string, (int Count, uint Check)> known) in GoldenEncoders.FixtureTexts())
        {
            if (!known.TryGetValue(tokenizer, out (int Count, uint Check) expected))
                continue;
            int[] ids = [.. encoder.Encode(text).Ids.Append(encoder.Eos!.Value).Take(CutAt)];
            Assert.That((ids.Length, GoldenEncoders.Check(ids)), Is.EqualTo(expected), $"text {id}");
            compared++;
        }

        Assert.That(compared, Is.EqualTo(texts));
    }

    [TestCase("spA", 9_500)]
    [TestCase("spB", 9_500)]
    [TestCase("gpt2", 8_800)]
    [TestCase("cl100k", 8_800)]
    public void EveryHardLine(string tokenizer, int lines)
    {
        using var folder = new VocabularyFolder();
        AreKnown(GoldenEncoders.Load(tokenizer, folder), tokenizer, lines);
    }

    [TestCase("neox")]
    [TestCase("llama")]
    [TestCase("llama-split")]
    [TestCase("unigram")]
    [TestCase("unigram-whole")]
    [TestCase("qwen2", Category = "Long")]
    public void EveryHardLineOfHuggingFacesForms(string form)
    {
        using var folder = new VocabularyFolder();
        AreKnown(TextEncoder.Load(folder.Write("tokenizer.json", TokenizerJson.Of(form))), $"hf-{form}", 8_000);
    }

    [Test]
    public void VocabularyAndMergesAreTheRanks()
    {
        using var folder = new VocabularyFolder();
        (System.Text.Json.Nodes.JsonObject vocabulary, System.Text.Json.Nodes.JsonArray merges) =
            TokenizerJson.OfRanks(VocabularyFile.Read(Repository.PathOf("samples", "vocab", "gpt2.json.gz")));
        folder.Write("merges.txt", "#version: 0.2\n" + string.Concat(merges.Select(static m => $"{m![0]} {m[1]}\n")));
        AreKnown(TextEncoder.Load(folder.Write("vocab.json", vocabulary.ToJsonString())), "gpt2", 8_800);
    }

    /// <summary>Where the whole fixtures lie beside the repository: their own ids and full vocabularies.</summary>
    [TestCase("spA")]
    [TestCase("spB")]
    [TestCase("gpt2")]
    [TestCase("cl100k")]
    [TestCase("o200k", Category = "Long")]
    public void EveryFixtureDocument(string tokenizer)
    {
        string fixtures = Path.GetFullPath(Path.Combine(Repository.Root, "..", "shared", "fixtures"));
        if (!Directory.Exists(fixtures))
            Assert.Ignore("The fixtures are not beside the repository.");
        using var folder = new VocabularyFolder();
        TextEncoder encoder = tokenizer == "o200k" ? WholeRanks(fixtures, folder) : GoldenEncoders.Load(tokenizer, folder);
        Dictionary<int, byte[]> texts = GoldenEncoders.FixtureTexts().ToDictionary(static t => t.Id, static t => t.Text);
        int compared = 0;
        foreach (string file in Directory.GetFiles(fixtures, "align.*.jsonl.gz"))
        {
            foreach (string side in (string[])["source", "target"])
            {
                if (!Path.GetFileName(file).Split('.')[1].Split('-')[side == "source" ? 0 : 1].Equals(tokenizer, StringComparison.Ordinal))
                    continue;
                using var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress));
                while (reader.ReadLine() is { } line)
                {
                    // Not parsed as JSON: the rows hold NaN as Python writes it.
                    int id = int.Parse(Regex.Match(line, @"""id"": ?""[^""/]*/(\d+)").Groups[1].Value, CultureInfo.InvariantCulture);
                    string list = Regex.Match(line, $@"""{side}_ids"": ?\[([^\]]*)\]").Groups[1].Value;
                    int[] expected = [.. list.Split(',').Select(static i => int.Parse(i, CultureInfo.InvariantCulture))];
                    Assert.That(encoder.Encode(texts[id]).Ids.Append(encoder.Eos!.Value).Take(CutAt), Is.EqualTo(expected), $"text {id}");
                    compared++;
                }
            }
        }

        Assert.That(compared, Is.GreaterThan(50));
    }

    /// <summary>Where Debian's sentencepiece is installed: fresh lines, and decoding; the demonstration's tokenizers too.</summary>
    [TestCase("spA")]
    [TestCase("spB")]
    [TestCase("demo/target")]
    [TestCase("demo/neox")]
    [TestCase("demo/mpt")]
    public void TheInstalledLibraryAgrees(string name)
    {
        if (!File.Exists("/usr/bin/spm_encode") || !File.Exists("/usr/bin/spm_decode"))
            Assert.Ignore("spm_encode is not installed.");
        using var folder = new VocabularyFolder();
        string model = folder.Write("m.model", name.StartsWith("demo/", StringComparison.Ordinal)
            ? File.ReadAllBytes(Repository.PathOf("samples", name, "tokenizer.model"))
            : VocabularyAssert.Gunzip(GoldenEncoders.Model(name)));
        TextEncoder encoder = TextEncoder.Load(model);
        var random = new Random(907);
        byte[][] lines = [.. Enumerable.Range(0, 2_000).Select(_ => Mixed(random))];
        string input = folder.Write("lines", [.. lines.SelectMany(static l => (byte[])[.. l, (byte)'\n'])]);
        string[] expected = Run("/usr/bin/spm_encode", $"--model={model}", "--output_format=id", $"--input={input}");
        string[] ids = [.. lines.Select(l => string.Join(' ', encoder.Encode(l).Ids))];
        Assert.That(ids, Is.EqualTo(expected));
        string coded = folder.Write("ids", string.Concat(ids.Select(static l => l + "\n")));
        string[] texts = Run("/usr/bin/spm_decode", $"--model={model}", "--input_format=id", $"--input={coded}");
        Assert.That(lines.Select(l => Encoding.UTF8.GetString(encoder.Decode(encoder.Encode(l).Ids))), Is.EqualTo(texts));
    }

    private static void AreKnown(TextEncoder encoder, string name, int atLeast)
    {
        uint[] checks = GoldenEncoders.ChecksOf(name);
        int compared = 0;
        for (int i = 0; i < checks.Length; i++)
        {
            if (checks[i] == 0 && GoldenEncoders.HardLines[i].Length > 0)
                continue;
            int[] ids = encoder.Encode(GoldenEncoders.HardLines[i]).Ids;
            compared++;
            if (GoldenEncoders.Check(ids) != checks[i])
                Assert.Fail($"line {i}, {Encoding.UTF8.GetString(GoldenEncoders.HardLines[i])}: {string.Join(' ', ids)}");
        }

        Assert.That(compared, Is.GreaterThanOrEqualTo(atLeast));
    }

    /// <summary>Pieces of the hard lines put together anew.</summary>
    private static byte[] Mixed(Random random)
    {
        List<byte> line = [];
        for (int parts = random.Next(1, 5); parts > 0; parts--)
        {
            byte[] other = GoldenEncoders.HardLines[random.Next(GoldenEncoders.HardLines.Length)];
            int start = random.Next(other.Length + 1);
            line.AddRange(other.AsSpan(start, random.Next(Math.Min(60, other.Length - start) + 1)));
        }

        return [.. line];
    }

    private static TextEncoder WholeRanks(string fixtures, VocabularyFolder folder)
    {
        TokenVocabulary vocabulary = VocabularyFile.Read(Path.Combine(fixtures, "vocab", "o200k.json.gz"));
        IEnumerable<string> ranks = Enumerable.Range(0, vocabulary.Count).Where(id => vocabulary.HasToken(id) && !vocabulary.IsSpecial(id))
            .Select(id => $"{Convert.ToBase64String(vocabulary.Bytes[id])} {id}\n");
        return TextEncoder.Load(folder.Write("o200k.tiktoken", string.Concat(ranks)));
    }

    private static string[] Run(string file, params string[] arguments)
    {
        using Process process = Process.Start(new ProcessStartInfo(file, arguments) { RedirectStandardOutput = true, StandardOutputEncoding = Encoding.UTF8 })!;
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        Assert.That(process.ExitCode, Is.Zero);
        return output[..^1].Split('\n');
    }
}
