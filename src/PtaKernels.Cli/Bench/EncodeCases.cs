using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using PtaKernels.Text;

namespace PtaKernels.Cli.Bench;

/// <summary>encode.*: the sample texts, their ids checked against the samples' own, then encoded one after the other on one thread.</summary>
internal static class EncodeCases
{
    private const int LongestSample = 2048;

    /// <summary>Copies of the texts that spm_encode reads in one run, so that loading its model is a small part of it.</summary>
    private const int Copies = 200;

    private const string Library = "/usr/bin/spm_encode";

    /// <summary>SentencePiece BPE.</summary>
    public static BenchCase? BytePairs(BenchData data) => SentencePiece(data, "encode.sentencepiece-bpe", "spA");

    /// <summary>SentencePiece Unigram, with the normaliser nmt_nfkc.</summary>
    public static BenchCase? Unigram(BenchData data) => SentencePiece(data, "encode.unigram", "spB");

    private static BenchCase? SentencePiece(BenchData data, string id, string name)
    {
        string? repository = RepositoryFolder.Find();
        string model = Path.Combine(repository ?? "", "tests", "golden", "tokenizers", $"{name}.model.gz"), samples = Path.Combine(repository ?? "", "samples", $"{name}.jsonl.gz");
        if (repository is null || !File.Exists(model) || !File.Exists(samples))
            return null;
        TextEncoder encoder = TextEncoder.Load(model);
        byte[][] texts = Checked(encoder, samples);
        long tokens = texts.Sum(t => (long)encoder.Encode(t).Length);
        var ours = new PassLoop("own", tokens, () =>
        {
            foreach (byte[] text in texts)
                encoder.Encode(text);
        });
        return new BenchCase(
            id, "tokens/s", ours, File.Exists(Library) ? new LibraryRun(data.Work.Folder, model, texts, tokens) : new PassLoop("itself", tokens, () => ours.Run(0)),
            () => $"{texts.Length} texts, {texts.Sum(static t => t.Length)} bytes, {tokens} tokens; the peer reads {Copies} copies and writes ids");
    }

    /// <summary>The texts, whose ids are the samples' own.</summary>
    private static byte[][] Checked(TextEncoder encoder, string samples)
    {
        List<byte[]> texts = [];
        using var reader = new StreamReader(new System.IO.Compression.GZipStream(File.OpenRead(samples), System.IO.Compression.CompressionMode.Decompress));
        while (reader.ReadLine() is { } line)
        {
            using JsonDocument row = JsonDocument.Parse(line);
            byte[] text = Encoding.UTF8.GetBytes(row.RootElement.GetProperty("text").GetString()!);
            int[] ids = [.. row.RootElement.GetProperty("input_ids").EnumerateArray().Select(static i => i.GetInt32())];
            if (!encoder.Encode(text).Ids.Append(encoder.Eos!.Value).Take(LongestSample).SequenceEqual(ids))
                throw new AlignmentDataException($"{samples}: text {row.RootElement.GetProperty("id")} has other ids than its encoder gives; nothing was timed.");
            texts.Add(text);
        }

        return [.. texts];
    }

    /// <summary>Runs of the installed library's own program, timed by their processor time.</summary>
    private sealed class LibraryRun : IContestant
    {
        private readonly string _model, _input;
        private readonly double _tokens;

        public LibraryRun(string folder, string packed, byte[][] texts, long tokens)
        {
            _model = Path.Combine(folder, Path.GetFileNameWithoutExtension(packed));
            _input = _model + ".txt";
            using (var content = new System.IO.Compression.GZipStream(File.OpenRead(packed), System.IO.Compression.CompressionMode.Decompress))
            using (FileStream model = File.Create(_model))
                content.CopyTo(model);
            using FileStream input = File.Create(_input);
            for (int copy = 0; copy < Copies; copy++)
            {
                foreach (byte[] text in texts)
                {
                    // The program reads lines; a text stays one.
                    input.Write([.. text.Select(static b => b == (byte)'\n' ? (byte)' ' : b), (byte)'\n']);
                }
            }

            _tokens = (double)tokens * Copies;
        }

        public string Name => "spm_encode";

        public Lap Run(double seconds)
        {
            // A process that has ended no longer tells its processor time, so the shell does.
            string[] arguments = ["-c", "TIMEFORMAT='%U %S'; time \"$0\" \"$@\"", Library, $"--model={_model}", "--output_format=id", $"--input={_input}", "--output=/dev/null"];
            using Process process = Process.Start(new ProcessStartInfo("/bin/bash", arguments) { RedirectStandardError = true })!;
            string[] times = process.StandardError.ReadToEnd().Trim().Split('\n')[^1].Split(' ');
            process.WaitForExit();
            return new Lap(_tokens, times.Sum(static t => double.Parse(t, CultureInfo.InvariantCulture)));
        }
    }
}
