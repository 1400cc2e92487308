namespace PtaKernels.Training.Tests.Packing;

/// <summary>What <c>pta pack</c> refuses, in one sentence and without leaving anything.</summary>
public sealed class PackCommandTests
{
    private const string Good = "{\"id\": \"a\", \"input_ids\": [1, 2], \"fused_indices\": [[3], []], \"fused_probs\": [[1.0], []], \"fused_missing\": [0, 0]}\n";

    [TestCase(Good, "", null)]
    [TestCase("", "", "holds no document")]
    [TestCase("{\"input_ids\": [1, 2]", "", "line 1: not whole JSON")]
    [TestCase(Good + "{\"input_ids\": [1, 2]}\n", "", "line 2: has no fused_indices and fused_probs")]
    [TestCase("{\"input_ids\": [], \"fused_indices\": [], \"fused_probs\": []}", "", "an empty document")]
    [TestCase("{\"input_ids\": [1, -2], \"fused_indices\": [[], []], \"fused_probs\": [[], []]}", "", "input_ids 1: -2 is no token")]
    [TestCase("{\"input_ids\": [1, 2], \"fused_indices\": [[]], \"fused_probs\": [[], []]}", "", "2 input_ids, 1 fused_indices")]
    [TestCase("{\"input_ids\": [1, 2], \"fused_indices\": [[3], []], \"fused_probs\": [[0.5], []]}", "", "row 0: fused_probs sum to 0.5")]
    [TestCase("{\"input_ids\": [1, 2], \"fused_indices\": [[3], []], \"fused_probs\": [[\"NaN\"], []]}", "", "row 0: fused_probs sum to NaN")]
    [TestCase("{\"input_ids\": [1, 2], \"fused_indices\": [[3, 3], []], \"fused_probs\": [[0.5, 0.5], []]}", "", "one stands twice")]
    [TestCase("{\"input_ids\": [1, 2], \"fused_indices\": \"x\", \"fused_probs\": [[], []]}", "", "field fused_indices is missing or holds something else")]
    [TestCase(Good, "--length 1", "--length is 1")]
    [TestCase(Good, "--preset reference", "has no per_step_indices")]
    [TestCase(Good, "--preset reference --metric-level token", "changes a dictionary")]
    [TestCase(Good, "--preset reference --pack-batch 0", "--pack-batch is 0")]
    [TestCase(Good, "--filter-nan", "--filter-nan is about --preset reference")]
    [TestCase(Good, "--preset reverence", "'reverence' not recognized")]
    public void InputAndOptions(string lines, string options, string? expected)
    {
        using var scratch = new ScratchFolder();
        scratch.Write("in.jsonl", lines);
        (int exit, string output, string errors) = Pta.Run(["pack", "--in", scratch["in.jsonl"], "--out", scratch["out"], .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries)]);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(exit == 0, Is.EqualTo(expected is null), errors);
            Assert.That(expected is null ? output : errors, Does.Contain(expected ?? "1 documents, 2 tokens in 1 sequences"));
            Assert.That(errors.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(1));
            Assert.That(scratch.Entries, Is.EqualTo(expected is null ? new[] { "in.jsonl", "out" } : ["in.jsonl"]));
        }
    }

    [Test]
    public void OutputIsReplacedOnlyWhenAskedFor()
    {
        using var scratch = new ScratchFolder();
        scratch.Write("in.jsonl", Good);
        string[] arguments = ["pack", "--in", scratch["in.jsonl"], "--out", scratch["out"]];
        Assert.That(Pta.Run(arguments).Exit, Is.Zero);
        Assert.That(Pta.Run(arguments).Errors, Does.Contain("exists already"));
        Assert.That(Pta.Run([.. arguments, "--force", "--json"]).Output, Does.Contain("\"sequences\": 1"));
        Directory.CreateDirectory(scratch["folder"]);
        Assert.That(Pta.Run(["pack", "--in", scratch["in.jsonl"], "--out", scratch["folder"], "--force"]).Errors, Does.Contain("no dataset"));
        Assert.That(Pta.Run(["pack", "--in", scratch["none"], "--out", scratch["new"]]).Errors, Does.Contain("no such file"));
    }
}
