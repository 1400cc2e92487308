using System.Text.Json;
using PtaKernels.Cli.Verify;
using PtaKernels.Tests.Cli;

namespace PtaKernels.Tests.Corpus.Folders;

/// <summary>The documents of a golden alignment in default mode, as rows of both models' datasets and with what the official code made of them.</summary>
internal sealed class GoldenDocuments
{
    public GoldenDocuments(string pair)
    {
        foreach (string line in GoldenJson.Lines(Path.Combine(Pta.Golden, $"align.{pair}.jsonl.gz")))
        {
            using JsonDocument json = JsonDocument.Parse(PtaKernels.Corpus.PythonJson.Quote(line));
            JsonElement row = json.RootElement;
            if (row.GetProperty("mode").GetString() != "default")
                continue;
            Sources.Add(Row(row, "source", Sources.Count));
            Targets.Add(Row(row, "target", Targets.Count));
            JsonElement transported = row.GetProperty("ot");
            Expected.Add((GoldenJson.IntegerRows(transported.GetProperty("indices")), GoldenJson.NumberRows(transported.GetProperty("logits"))));
        }
    }

    public List<ModelRow> Sources { get; } = [];

    public List<ModelRow> Targets { get; } = [];

    /// <summary>Token ids and values of every row of every document.</summary>
    public List<(int[][] Indices, double[][] Values)> Expected { get; } = [];

    private static ModelRow Row(JsonElement row, string side, int number) =>
        new(GoldenJson.Integers(row.GetProperty(side + "_ids")), GoldenJson.NumberRows(row.GetProperty(side + "_logits")), GoldenJson.IntegerRows(row.GetProperty(side + "_indices")))
        {
            MeanCrossEntropy = (number + 1) / 8.0,
            Text = row.GetProperty("id").GetString()!,
            Language = number % 4 == 0 ? "de" : "en",
        };
}
