using System.Text.Json;
using PtaKernels.Corpus;

namespace PtaKernels.CorpusBench;

/// <summary>Whether two backends give the same documents.</summary>
internal static class AnswerCheck
{
    private const string Other = "reference";

    /// <summary>Relative difference of two numbers that count as the same: a float16's last place is half of it.</summary>
    private const double Tolerance = 1e-3;

    /// <summary>Numbers that may differ: ties of candidates that rounding breaks (SPEC A4).</summary>
    private const double MostDifferent = 2e-3;

    /// <summary>Aligns the first documents by the best backend and by the plain one.</summary>
    /// <exception cref="AlignmentDataException">The answers differ.</exception>
    public static CheckedAnswer Run(AlignWork work)
    {
        string first = work.OutputNamed("check-first.tmp"), second = work.OutputNamed("check-second.tmp");
        string[] lines = [first + ".lines.jsonl", second + ".lines.jsonl"];
        try
        {
            foreach ((string output, string? backend, string text) in new[] { (first, work.Backend, lines[0]), (second, Other, lines[1]) })
            {
                AlignWork.Remove(output);
                PtaProcess.Run((work with { Backend = backend }).Arguments(output)).Dispose();
                if (CorpusSinks.IsStore(work.Corpus))
                    PtaProcess.Run(["store", "export", output, "--out", text, "--force"]).Dispose();
                else
                    File.Copy(output, text, overwrite: true);
            }

            (long numbers, long different) = Compare(lines[0], lines[1]);
            return different <= numbers * MostDifferent ? new CheckedAnswer(work.Preset, work.Documents, Other, numbers, different)
                : throw new AlignmentDataException($"preset {work.Preset}: {different} of {numbers} numbers differ from backend {Other}'s on the first {work.Documents} documents; nothing was timed.");
        }
        finally
        {
            foreach (string path in new[] { first, second }.Concat(lines))
                AlignWork.Remove(path);
        }
    }

    /// <summary>Compares two files of JSON lines number by number; texts and shapes must be the same.</summary>
    /// <exception cref="AlignmentDataException">Not even the shapes are.</exception>
    internal static (long Numbers, long Different) Compare(string first, string second)
    {
        long numbers = 0, different = 0;
        foreach ((NumberedLine a, NumberedLine b) in JsonLines.ReadLines(first).Zip(JsonLines.ReadLines(second)))
        {
            using JsonDocument one = JsonDocument.Parse(a.Text), other = JsonDocument.Parse(b.Text);
            if (!Walk(one.RootElement, other.RootElement))
                throw new AlignmentDataException($"{first} and {second}, line {a.Number}: the documents have different shapes.");
        }

        long lines = JsonLines.ReadLines(first).LongCount();
        return numbers > 0 && lines == JsonLines.ReadLines(second).LongCount() ? (numbers, different)
            : throw new AlignmentDataException($"{first} and {second}: are empty or not of the same length.");

        bool Walk(JsonElement one, JsonElement other)
        {
            if (one.ValueKind == JsonValueKind.Number && other.ValueKind == JsonValueKind.Number)
            {
                double x = one.GetDouble(), y = other.GetDouble();
                numbers++;
                different += Math.Abs(x - y) <= Tolerance * Math.Max(1, Math.Abs(x)) ? 0 : 1;
                return true;
            }

            return one.ValueKind == other.ValueKind && one.ValueKind switch
            {
                JsonValueKind.Array => one.GetArrayLength() == other.GetArrayLength() && one.EnumerateArray().Zip(other.EnumerateArray()).All(p => Walk(p.First, p.Second)),
                JsonValueKind.Object => one.EnumerateObject().Zip(other.EnumerateObject()).All(p => p.First.Name == p.Second.Name && Walk(p.First.Value, p.Second.Value)),
                JsonValueKind.String => Same(one.GetString()!, other.GetString()!),
                _ => true,
            };
        }

        // Letters of the rows' rules: a row that a tie moved may have another one.
        bool Same(string one, string other)
        {
            different += one == other ? 0 : 1;
            return one.Length == other.Length;
        }
    }
}
