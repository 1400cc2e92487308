using System.Diagnostics;
using System.Text;
using PtaKernels.Text;

namespace PtaKernels.Tests.Text;

/// <summary>Damaged files of every format: read, or refused with one sentence; nothing else, and never a large allocation.</summary>
public sealed class ReaderFuzzTests
{
    /// <summary>Of one read of a file of a few hundred bytes, 64 Ki holes included.</summary>
    private const long MostBytes = 32 << 20;

    private static readonly TimeSpan MostTime = TimeSpan.FromSeconds(5);

    private static readonly string[] Insertions =
    [
        "99999999999999999999", "-1", "4000000", "4000001", "2147483648", "1e400", "65536", "null", "true", "{", "}", "[", "]", "\"", ",", ":", "{}", "[[]]", "\\ud800", "\\", "▁", "<0x", "é", "\0", "\n", " ",
        "ByteLevel", "Sequence", "Unigram", "BPE", "Metaspace", "added_tokens", "special",
    ];

    /// <summary>Wire-format numbers: huge lengths, endless ones, negative ones.</summary>
    private static readonly byte[][] Numbers =
    [
        [0xFF, 0xFF, 0xFF, 0xFF, 0x07], [0xFF, 0xFF, 0xFF, 0xFF, 0x0F], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x7F],
        [0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80], [0x0A, 0xFF, 0x7F], [0x0B], [0x00],
    ];

    [Test]
    public void OnlySentencesEscape() => Fuzz(TimeSpan.FromSeconds(2), seed: 20261);

    [Test]
    [Category("Long")]
    public void OnlySentencesEscapeForLonger() => Fuzz(TimeSpan.FromSeconds(10), seed: 20262);

    [Test]
    [Category("Nightly")]
    public void OnlySentencesEscapeForAMinute() => Fuzz(TimeSpan.FromSeconds(60), seed: 20263);

    private static void Fuzz(TimeSpan duration, int seed)
    {
        using var folder = new VocabularyFolder();
        Sample[] samples = [.. Samples(folder)];
        foreach (Sample sample in samples)
            Assert.That(() => sample.Read(), Throws.Nothing, sample.Path);
        var random = new Random(seed);
        int[] read = new int[samples.Length], refused = new int[samples.Length];
        var clock = Stopwatch.StartNew();
        for (int round = 0; clock.Elapsed < duration; round++)
        {
            int s = round % samples.Length;
            byte[] damaged = Damage(samples[s].Content, random);
            if (Passes(samples[s], damaged, round))
                read[s]++;
            else
                refused[s]++;
        }

        for (int s = 0; s < samples.Length; s++)
        {
            TestContext.Progress.WriteLine($"{Path.GetRelativePath(folder.Path, samples[s].Damaged)}: {read[s]} read, {refused[s]} refused");
            Assert.That(refused[s], Is.GreaterThan(0), samples[s].Damaged);
        }
    }

    private static bool Passes(Sample sample, byte[] damaged, int round)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        bool passes = false;
        try
        {
            sample.With(damaged);
            passes = true;
        }
        catch (AlignmentDataException e)
        {
            if (e.Message.Contains('\n', StringComparison.Ordinal) || !e.Message.EndsWith('.'))
                Assert.Fail($"round {round}, {sample.Damaged}: not one sentence: {e.Message}");
        }
        catch (Exception e) when (e is not AssertionException)
        {
            Assert.Fail($"round {round}, {sample.Damaged}: {e}\n{Convert.ToBase64String(damaged)}");
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
        if (allocated > MostBytes + (sample.Content.Length * 64L) || Stopwatch.GetElapsedTime(start) > MostTime)
            Assert.Fail($"round {round}, {sample.Damaged}: {allocated} bytes in {Stopwatch.GetElapsedTime(start)}\n{Convert.ToBase64String(damaged)}");
        return passes;
    }

    private static byte[] Damage(byte[] content, Random random)
    {
        List<byte> bytes = [.. content];
        for (int times = random.Next(1, 4); times > 0; times--)
        {
            int at = random.Next(bytes.Count + 1);
            switch (random.Next(6))
            {
                case 0 when at < bytes.Count:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1 when at < bytes.Count:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes.RemoveRange(at, Math.Min(random.Next(1, 12), bytes.Count - at));
                    break;
                case 3 when random.Next(4) == 0:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.InsertRange(at, random.Next(2) == 0 ? Numbers[random.Next(Numbers.Length)] : Encoding.UTF8.GetBytes(Insertions[random.Next(Insertions.Length)]));
                    break;
                default:
                    int length = Math.Min(random.Next(1, 40), bytes.Count - at);
                    bytes.InsertRange(random.Next(bytes.Count + 1), bytes.GetRange(at, length));
                    break;
            }
        }

        return [.. bytes];
    }

    private static IEnumerable<Sample> Samples(VocabularyFolder folder)
    {
        byte[] trained = VocabularyAssert.Gunzip(Repository.PathOf("tests", "golden", "tokenizers", "spA.model.gz"));
        byte[] small = new ModelWriter().Piece("<unk>", 2).Piece("<s>", 3).Piece("</s>", 3).Piece("<0x0A>", 6).Piece("▁a", 1, -1).Piece("▁▁", 4)
            .Trainer((3, 2), (40, 0), (41, 1), (42, 2), (43, -1)).Normalizer((3, 1)).ToArray();
        const string Pairs = """
            {"version": "1.0", "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "▁"}, {"type": "Replace", "pattern": {"String": " "}, "content": "▁"}]},
             "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Metaspace", "replacement": "▁", "prepend_scheme": "first"}]},
             "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "▁"}, "content": " "}, {"type": "ByteFallback"}]},
             "added_tokens": [{"id": 0, "content": "<unk>", "special": true}, {"id": 5, "content": " ", "special": false}],
             "model": {"type": "BPE", "unk_token": "<unk>", "byte_fallback": true, "vocab": {"<unk>": 0, "<s>": 1, "<0xE9>": 2, "▁a": 3}, "merges": [["▁", "a"]]}}
            """;
        const string ByteLevel = """{"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "added_tokens": [{"id": 2, "content": "<|x|>", "special": true}], "model": {"type": "BPE", "vocab": {"Ġa": 0, "Ã©": 1}, "merges": []}}""";
        const string Pieces = """{"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "add_prefix_space": true}, "model": {"type": "Unigram", "unk_id": 0, "vocab": [["<unk>", 0.0], ["▁a", -1.5], ["<0x0A>", -2]]}}""";
        const string Own = """{"name": "own", "class": "LlamaTokenizer", "special": "▁", "eos_id": 1, "dummy_prefix": true, "tokens": ["<unk>", "x", null, "▁a", "<0x41>"]}""";
        const string Map = """{"bos_token": "<s>", "eos_token": {"content": "Ġa"}, "additional_special_tokens": ["<|x|>"]}""";
        const string Config = """{"add_prefix_space": true, "pad_token": "Ã©", "added_tokens_decoder": {"2": {"content": "<|x|>", "special": true}, "4": {"content": "<y>", "special": false}}}""";

        yield return Main("a.model", small);
        yield return Main("trained.model", trained);
        yield return Main("pairs.json", Pairs);
        yield return Main("pieces.json", Pieces);
        yield return Main("own.json", Own);
        folder.Write("bytes/tokenizer_config.json", Config);
        folder.Write("bytes/special_tokens_map.json", Map);
        yield return Main("bytes/tokenizer.json", ByteLevel);
        folder.Write("ranks.special.json", """{"<|e|>": 3, "eos_token": "<|e|>"}""");
        yield return Main("ranks.tiktoken", "IQ== 0\nw6k= 1\r\nIGE= 2\n");
        folder.Write("two/merges.txt", "#version: 0.2\na b\n");
        folder.Write("two/added_tokens.json", """{"<z>": 3}""");
        yield return Main("two/vocab.json", """{"Ġa": 0, "Ã©": 1, "<|endoftext|>": 2}""");

        // Files beside a whole one, and gzip around one.
        yield return Beside("two/merges.txt", "two/vocab.json");
        yield return Beside("two/added_tokens.json", "two/vocab.json");
        yield return Beside("ranks.special.json", "ranks.tiktoken");
        yield return Beside("bytes/special_tokens_map.json", "bytes/tokenizer.json");
        yield return Beside("bytes/tokenizer_config.json", "bytes/tokenizer.json");
        folder.WriteGzip("packed.model.gz", small);
        yield return Beside("packed.model.gz", "packed.model.gz");

        Sample Main(string name, object content)
        {
            byte[] bytes = content as byte[] ?? Encoding.UTF8.GetBytes((string)content);
            string path = folder.Write(name, bytes);
            return new Sample(path, path, bytes, OnDisk: false);
        }

        Sample Beside(string name, string main)
        {
            string path = Path.Combine(folder.Path, name);
            return new Sample(Path.Combine(folder.Path, main), path, File.ReadAllBytes(path), OnDisk: true);
        }
    }

    /// <summary>A vocabulary and the file of it that is damaged: itself, without a detour over the disk, or one beside it.</summary>
    private sealed record Sample(string Path, string Damaged, byte[] Content, bool OnDisk)
    {
        public TokenVocabulary Read() => VocabularyFile.Read(Path);

        public void With(byte[] damaged)
        {
            if (!OnDisk)
            {
                VocabularyFile.Parse(Path, damaged);
                return;
            }

            File.WriteAllBytes(Damaged, damaged);
            try
            {
                VocabularyFile.Read(Path);
            }
            finally
            {
                File.WriteAllBytes(Damaged, Content);
            }
        }
    }
}
