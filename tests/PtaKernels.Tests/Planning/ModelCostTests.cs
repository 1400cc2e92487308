using PtaKernels.Pipeline.Planning;
using PtaKernels.Tests.Corpus;

namespace PtaKernels.Tests.Planning;

/// <summary>Weights and operations, counted again from the papers' layers.</summary>
public class ModelCostTests
{
    private const int Vocabulary = 1000, Width = 64, Layers = 2, Heads = 4;

    private TemporaryFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new TemporaryFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase(false)]
    [TestCase(true)]
    public void ALlama(bool tied)
    {
        const int Inner = 128, KeyWidth = 2 * Width / Heads;
        ModelCost cost = Model($$"""{"model_type":"llama","vocab_size":{{Vocabulary}},"hidden_size":{{Width}},"intermediate_size":{{Inner}},"num_hidden_layers":{{Layers}},"num_attention_heads":{{Heads}},"num_key_value_heads":2,"tie_word_embeddings":{{(tied ? "true" : "false")}}}""");
        double queriesAndOutput = 2.0 * Width * Width, keysAndValues = 2.0 * Width * KeyWidth, feedForward = 3.0 * Width * Inner;
        double multiplied = (Layers * (queriesAndOutput + keysAndValues + feedForward)) + (Vocabulary * Width);
        double norms = Width * ((2.0 * Layers) + 1);
        // Three positions see one, two and three: two on average. Scores and sums of values: two operations each, over all heads.
        double attention = Layers * 2 * 2.0 * Width * 2;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cost.Weights, Is.EqualTo(multiplied + norms + (tied ? 0 : Vocabulary * Width)));
            Assert.That(cost.Forward([3]), Is.EqualTo((2 * multiplied) + attention));
            Assert.That(cost.Training([3], checkpointing: false), Is.EqualTo(3 * ((2 * multiplied) + attention)));
            Assert.That(cost.Training([3], checkpointing: true), Is.EqualTo(4 * ((2 * multiplied) + attention)));
        }
    }

    [Test]
    public void AGptNeoX()
    {
        const int Inner = 256;
        ModelCost cost = Model($$"""{"model_type":"gpt_neox","vocab_size":{{Vocabulary}},"hidden_size":{{Width}},"intermediate_size":{{Inner}},"num_hidden_layers":{{Layers}},"num_attention_heads":{{Heads}}}""");
        double matrices = Layers * ((4.0 * Width * Width) + (2.0 * Width * Inner)), output = Vocabulary * Width;
        double biases = Layers * (3.0 * Width + Width + Inner + Width), norms = 2.0 * Width * ((2 * Layers) + 1);
        // Documents of 1 and 4 tokens: 1 + 1 + 2 + 3 + 4 positions are seen from five.
        double attention = Layers * 4.0 * Width * 11 / 5;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cost.Weights, Is.EqualTo(matrices + (2 * output) + biases + norms));
            Assert.That(cost.Forward([1, 4]), Is.EqualTo((2 * (matrices + output)) + attention).Within(1e-6));
        }
    }

    [Test]
    public void ASlidingWindowLimitsWhatIsSeen()
    {
        const string Config = """{"model_type":"mistral","vocab_size":1000,"hidden_size":64,"intermediate_size":128,"num_hidden_layers":2,"num_attention_heads":4,"num_key_value_heads":4,"sliding_window":WINDOW}""";
        double narrow = Model(Config.Replace("WINDOW", "2", StringComparison.Ordinal)).Forward([4]), wide = Model(Config.Replace("WINDOW", "null", StringComparison.Ordinal)).Forward([4]);
        Assert.That(wide - narrow, Is.EqualTo(Layers * 4 * Width * (2.5 - 1.75)), "1 2 3 4 against 1 2 2 2");
    }

    [Test]
    public void ACountStandsForAModel()
    {
        ModelCost cost = ModelCost.Of("7G", "--target-model");
        Assert.That((cost.Weights, cost.Forward([2048]), cost.Training([2048], false)), Is.EqualTo((7e9, 14e9, 42e9)));
        Assert.That(() => ModelCost.Of("no-such-folder", "--target-model"), Throws.ArgumentException.With.Message.Contains("neither a folder with config.json nor a number of weights"));
    }

    private ModelCost Model(string config)
    {
        _folder.Write("config.json", config);
        return ModelCost.Of(Path.GetDirectoryName(_folder["config.json"])!, "--target-model");
    }
}
