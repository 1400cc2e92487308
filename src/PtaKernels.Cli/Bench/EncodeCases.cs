using System.Diagnostics;
using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;
using PtaKernels.Demo;
using PtaKernels.Text;

namespace PtaKernels.Cli.Bench;

/// <summary>encode.*: the prose of the .NET SDK's reference documentation, a text per type, on one thread; every pass starts with an encoder that has seen nothing, as a program does.</summary>
internal static class EncodeCases
{
    private const int LongestSample = 2048;

    private const string Library = "/usr/bin/spm_encode";

    /// <summary>SentencePiece BPE.</summary>
    public static BenchCase? BytePairs(BenchData data) => SentencePiece(data, "encode.sentencepiece-bpe", "spA");

    /// <summary>SentencePiece Unigram, with the normaliser nmt_nfkc.</summary>
    public static BenchCase? Unigram(BenchData data) => SentencePiece(data, "encode.unigram", "spB");

    /// <summary>Byte-level BPE from r50k's ranks; beside it the SentencePiece BPE of the case above.</summary>
    public static BenchCase? ByteLevel(BenchData data)
    {
        if (Texts() is not { } texts || Open(data, "spA") is not { } other)
            return null;
        string ranks = RanksOf(data, "r50k", VocabularyFile.Read(Path.Combine(RepositoryFolder.Find()!, "samples", "vocab", "gpt2.json.gz")));
        Check(TextEncoder.Load(ranks), "gpt2");
        return Case("encode.byte-level", texts, ranks, (_, _) => Passes("encode.sentencepiece-bpe", other, texts, out _));
    }

    /// <summary>A file of tiktoken ranks, which says how text is cut, of a byte-level vocabulary, whose ids are its ranks.</summary>
    /// <returns>Its path.</returns>
    public static string RanksOf(BenchData data, string name, TokenVocabulary vocabulary)
    {
        string path = Path.Combine(data.Work.Folder, name + ".tiktoken");
        File.WriteAllLines(path, Enumerable.Range(0, vocabulary.Count).Where(id => vocabulary.HasToken(id) && !vocabulary.IsSpecial(id)).Select(id => $"{Convert.ToBase64String(vocabulary.Bytes[id])} {id}"));
        return path;
    }

    private static BenchCase? SentencePiece(BenchData data, string id, string name)
    {
        if (Texts() is not { } texts || Open(data, name) is not { } model)
            return null;
        Check(TextEncoder.Load(model), name);
        return Case(id, texts, model, (ours, tokens) => File.Exists(Library) ? new LibraryRun(model, texts, tokens) : new PassLoop("itself", tokens, () => ours.Run(0)));
    }

    private static BenchCase Case(string id, byte[][] texts, string model, Func<IContestant, long, IContestant> peer)
    {
        PassLoop ours = Passes("own", model, texts, out long tokens);
        return new BenchCase(id, "tokens/s", ours, () => [peer(ours, tokens)], () => FormattableString.Invariant($"{texts.Length} texts, {texts.Sum(static t => (long)t.Length)} bytes, {tokens} tokens; loading the tokenizer counts on both sides"));
    }

    private static PassLoop Passes(string name, string model, byte[][] texts, out long tokens)
    {
        tokens = Encode();
        return new PassLoop(name, tokens, () => Encode());

        long Encode()
        {
            TextEncoder encoder = TextEncoder.Load(model);
            long sum = 0;
            foreach (byte[] text in texts)
                sum += encoder.Encode(text).Length;
            return sum;
        }
    }

    /// <summary>A text per documented type, without line breaks, since the peer reads lines; null where the SDK's documentation is missing.</summary>
    private static byte[][]? Texts()
    {
        try
        {
            return [.. ReferenceTexts.Read(ReferenceTexts.FindPacks()).Select(static type => Encoding.UTF8.GetBytes(string.Join(' ', type.Entries)))];
        }
        catch (AlignmentDataException)
        {
            return null;
        }
    }

    /// <summary>The unpacked golden model of a name; null outside the repository.</summary>
    private static string? Open(BenchData data, string name)
    {
        string packed = Path.Combine(RepositoryFolder.Find() ?? "", "tests", "golden", "tokenizers", $"{name}.model.gz"), model = Path.Combine(data.Work.Folder, name + ".model");
        if (!File.Exists(packed))
            return null;
        using var content = new GZipStream(File.OpenRead(packed), CompressionMode.Decompress);
        using FileStream file = File.Create(model);
        content.CopyTo(file);
        return model;
    }

    /// <summary>The samples' own ids.</summary>
    private static void Check(TextEncoder encoder, string name)
    {
        string samples = Path.Combine(RepositoryFolder.Find()!, "samples", $"{name}.jsonl.gz");
        using var reader = new StreamReader(new GZipStream(File.OpenRead(samples), CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            int[] ids = [.. row.RootElement.GetProperty("input_ids").EnumerateArray().Select(static i => i.GetInt32())];
            if (!encoder.Encode(Encoding.UTF8.GetBytes(row.RootElement.GetProperty("text").GetString()!)).Ids.Append(encoder.Eos!.Value).Take(LongestSample).SequenceEqual(ids))
                throw new AlignmentDataException($"{samples}: text {row.RootElement.GetProperty("id")} has other ids than its encoder gives; nothing was timed.");
        }
    }

    /// <summary>Runs of the installed library's own program, timed by their processor time; its ids are ours, text by text.</summary>
    private sealed class LibraryRun : IContestant
    {
        private readonly string _model, _input;
        private readonly double _tokens;

        public LibraryRun(string model, byte[][] texts, long tokens)
        {
            (_model, _input, _tokens) = (model, model + ".txt", tokens);
            using (FileStream input = File.Create(_input))
            {
                foreach (byte[] text in texts)
                    input.Write([.. text, (byte)'\n']);
            }

            string output = model + ".ids";
            Encode(output);
            TextEncoder encoder = TextEncoder.Load(model);
            int line = 0;
            foreach (string ids in File.ReadLines(output))
            {
                if (!string.Join(' ', encoder.Encode(texts[line]).Ids).Equals(ids.Trim(), StringComparison.Ordinal))
                    throw new AlignmentDataException($"{output}: text {line + 1} has other ids than our encoder gives; nothing was timed.");
                line++;
            }

            if (line != texts.Length)
                throw new AlignmentDataException($"{output}: {line} lines for {texts.Length} texts; nothing was timed.");
        }

        public string Name => "spm_encode";

        public Lap Run(double seconds) => new(_tokens, Encode("/dev/null"));

        /// <summary>Encodes the input once; seconds of processor time.</summary>
        private double Encode(string output)
        {
            // A process that has ended no longer tells its processor time, so the shell does.
            string[] arguments = ["-c", "TIMEFORMAT='%U %S'; time \"$0\" \"$@\"", Library, $"--model={_model}", "--output_format=id", $"--input={_input}", $"--output={output}"];
            using Process process = Process.Start(new ProcessStartInfo("/bin/bash", arguments) { RedirectStandardError = true })!;
            string[] times = process.StandardError.ReadToEnd().Trim().Split('\n')[^1].Split(' ');
            process.WaitForExit();
            return times.Sum(static t => double.Parse(t, CultureInfo.InvariantCulture));
        }
    }
}
