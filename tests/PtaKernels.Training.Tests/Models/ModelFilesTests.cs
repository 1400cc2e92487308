using System.Text;
using PtaKernels.Training.Safetensors;
using static TorchSharp.torch;

namespace PtaKernels.Training.Tests.Models;

/// <summary>Checkpoint folders: saved as they were loaded, and one sentence for each thing that can be wrong.</summary>
public sealed class ModelFilesTests
{
    private static readonly string[] Sharded = ["llama-biases-linear-sharded", "mpt-clip-scale-sharded"];

    private ScratchFolder _scratch = null!;

    [OneTimeSetUp]
    public void Load() => TorchRuntime.Load();

    [SetUp]
    public void MakeFolder() => _scratch = new ScratchFolder();

    [TearDown]
    public void RemoveFolder() => _scratch.Dispose();

    [Test]
    public void SavedModelHasTheBytesItWasLoadedFrom([ValueSource(typeof(ModelGoldens), nameof(ModelGoldens.Names))] string name)
    {
        using (CausalModel model = ModelFiles.Load(ModelGoldens.Folder(name), ScalarType.Float32))
            ModelFiles.Save(model, _scratch["saved"], ModelGoldens.Folder(name));
        string[] expected = [.. Directory.EnumerateFiles(ModelGoldens.Folder(name)).Select(static f => Path.GetFileName(f)).Where(static f => f != "expected.safetensors").Order()];
        Assert.That(Directory.EnumerateFileSystemEntries(_scratch["saved"]).Select(static f => Path.GetFileName(f)).Order(), Is.EqualTo(expected));
        foreach (string file in expected)
            Assert.That(File.ReadAllBytes(Path.Combine(_scratch["saved"], file)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(ModelGoldens.Folder(name), file))), file);
    }

    [Test]
    public void WeightsOfTheComputeTypeKeepTheirBits([Values("llama", "qwen2", "mpt-six-heads")] string name)
    {
        using var scope = NewDisposeScope();
        bool wide = name == "llama";
        using CausalModel model = ModelFiles.Load(ModelGoldens.Folder(name), wide ? ScalarType.Float32 : ScalarType.BFloat16);
        SortedDictionary<string, string> contents = ModelGoldens.Contents(ModelGoldens.Folder(name));
        foreach (string weight in model.Weights.Names)
            Assert.That(contents[weight], Does.EndWith(Convert.ToHexString(model.Weights[weight].bytes)), weight);
    }

    [Test]
    public void AnotherTypeChangesWeightsIndexAndConfig()
    {
        string source = ModelGoldens.Folder(Sharded[0]);
        using CausalModel model = ModelFiles.Load(source, ScalarType.Float32);
        ModelFiles.Save(model, _scratch["wide"], source, ScalarType.Float32);
        using (CausalModel wide = ModelFiles.Load(_scratch["wide"], ScalarType.Float32))
            Assert.That(wide.Weights.Names.All(n => wide.Weights[n].equal(model.Weights[n]).all().item<bool>()));
        Assert.That(ModelGoldens.Contents(_scratch["wide"]).Values, Is.All.StartWith("F32 "));
        Assert.That(File.ReadAllText(Path.Combine(_scratch["wide"], "config.json")), Does.Contain("\"torch_dtype\": \"float32\""));
        Assert.That(File.ReadAllText(Path.Combine(_scratch["wide"], CheckpointFiles.IndexName)), Does.Contain($"\"total_size\": {4 * 4800}"));
        ModelFiles.Save(model, _scratch["back"], _scratch["wide"], ScalarType.Float16);
        Assert.That(ModelGoldens.Contents(_scratch["back"]), Is.EqualTo(ModelGoldens.Contents(source)));
    }

    [Test]
    public void SavingOverTheSourceReplacesIt()
    {
        string folder = ModelGoldens.CopyTo("qwen2", _scratch["model"]);
        File.WriteAllText(Path.Combine(folder, "tokenizer.json"), "{}");
        using CausalModel model = ModelFiles.Load(folder, ScalarType.Float32);
        using (Tensor bias = ones_like(model.Weights["model.norm.weight"]))
            model.Weights.Replace("model.norm.weight", bias.clone());
        Assert.That(() => ModelFiles.Save(model, folder, folder), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("exists already"));
        ModelFiles.Save(model, folder, folder, replace: true);
        Assert.That(File.Exists(Path.Combine(folder, "tokenizer.json")));
        Assert.That(ModelGoldens.Contents(folder)["model.norm.weight"], Is.EqualTo("BF16 [16] " + string.Concat(Enumerable.Repeat("803F", 16))));
        Assert.That(Directory.EnumerateFileSystemEntries(_scratch.Path).Select(static f => Path.GetFileName(f)), Is.EqualTo(new[] { "model" }));
    }

    [Test]
    public void LinkedFilesOfAModelCacheAreRead()
    {
        Directory.CreateDirectory(_scratch["links"]);
        foreach (string file in Directory.EnumerateFiles(ModelGoldens.Folder("llama")))
            File.CreateSymbolicLink(Path.Combine(_scratch["links"], Path.GetFileName(file)), file);
        using CausalModel model = ModelFiles.Load(_scratch["links"], ScalarType.Float32);
        ModelFiles.Save(model, _scratch["saved"], _scratch["links"]);
        Assert.That(ModelGoldens.Contents(_scratch["saved"]), Is.EqualTo(ModelGoldens.Contents(ModelGoldens.Folder("llama"))));
        Assert.That(new FileInfo(Path.Combine(_scratch["saved"], "config.json")).LinkTarget, Is.Null);
    }

    [Test]
    public void AdaptersAreSavedWithinTheWeights()
    {
        using var scope = NewDisposeScope();
        string source = ModelGoldens.Folder("llama");
        using CausalModel model = ModelFiles.Load(source, ScalarType.Float32);
        string map = model.LinearNames.First();
        model.Adapters[map] = new LowRankAdapter(ones(1, 16), ones(16, 1), 0.25);
        ModelFiles.Save(model, _scratch["saved"], source);
        using CausalModel saved = ModelFiles.Load(_scratch["saved"], ScalarType.Float32);
        Assert.That(saved.Weights[map].equal(model.Weights[map] + 0.25).all().item<bool>());
    }

    [Test]
    public void TiedHeadInTheFilesFollowsTheEmbedding()
    {
        string config = File.ReadAllText(Path.Combine(ModelGoldens.Folder("qwen2-window"), "config.json")).Replace("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true", StringComparison.Ordinal);
        string folder = ModelGoldens.CopyTo("qwen2-window", _scratch["tied"]);
        File.WriteAllText(Path.Combine(folder, "config.json"), config);
        List<string> notices = [];
        using CausalModel model = ModelFiles.Load(folder, ScalarType.Float32, notice: notices.Add);
        Assert.That(notices, Is.Empty);
        Assert.That(model.HeadName, Is.EqualTo(model.EmbeddingName));
        ModelFiles.Save(model, _scratch["saved"], folder);
        SortedDictionary<string, string> saved = ModelGoldens.Contents(_scratch["saved"]);
        Assert.That(saved["lm_head.weight"], Is.EqualTo(saved["model.embed_tokens.weight"]));
    }

    [Test]
    public void RandomCheckpointIsReadAsTheSameModel([ValueSource(typeof(ModelGoldens), nameof(ModelGoldens.Names))] string name)
    {
        ModelConfig config = ModelFiles.ReadConfig(ModelGoldens.Folder(name));
        ModelFiles.CreateRandom(_scratch["random"], config, 7, ScalarType.Float32, shard: 8000);
        Assert.That(ModelFiles.ReadConfig(_scratch["random"]), Is.EqualTo(config));
        using CausalModel loaded = ModelFiles.Load(_scratch["random"], ScalarType.Float32, notice: static n => Assert.Fail(n));
        using CausalModel made = ModelFiles.Random(config, 7, ScalarType.Float32);
        Assert.That(loaded.Weights.Names, Is.EqualTo(made.Weights.Names));
        Assert.That(loaded.Weights.Names.All(n => loaded.Weights[n].equal(made.Weights[n]).all().item<bool>()));
        Assert.That(Directory.EnumerateFiles(_scratch["random"], "model-*.safetensors").Count(), Is.GreaterThan(1));
        Assert.That(made.Weights[made.EmbeddingName].std().item<float>(), Is.EqualTo(0.02).Within(0.003));
    }

    [Test]
    public void MissingWeight() => Damaged("llama", folder => Rewrite(folder, static h => h.Replace("lm_head.weight", "other", StringComparison.Ordinal)), "weight 'lm_head.weight' is missing");

    [Test]
    public void WrongShape() => Damaged("llama", folder => Edit(folder, "\"vocab_size\": 29", "\"vocab_size\": 28"), "'model.embed_tokens.weight' has shape [29, 16] and config.json asks for [28, 16]");

    [Test]
    public void TruncatedFile() => Damaged("llama", folder => Truncate(Path.Combine(folder, "model.safetensors"), 100), "model.safetensors: it is cut short, its tensors need");

    [Test]
    public void TruncatedShard() => Damaged(Sharded[0], folder => Truncate(Path.Combine(folder, "model-00002-of-00002.safetensors"), 1), "model-00002-of-00002.safetensors: it is cut short");

    [Test]
    public void MissingShard() => Damaged(Sharded[0], folder => File.Delete(Path.Combine(folder, "model-00002-of-00002.safetensors")), "model-00002-of-00002.safetensors: there is no such file");

    [Test]
    public void IndexThatContradictsTheShards() =>
        Damaged(Sharded[0], folder => Edit(folder, "\"lm_head.weight\": \"model-00001", "\"lm_head.weight\": \"model-00002", CheckpointFiles.IndexName), "model-00002-of-00002.safetensors: tensor 'lm_head.weight' is not in it");

    [Test]
    public void IndexThatLeavesTheFolder() =>
        Damaged(Sharded[0], folder => Edit(folder, "\"lm_head.weight\": \"", "\"lm_head.weight\": \"../", CheckpointFiles.IndexName), "which is no file name");

    [Test]
    public void NoWeights() => Damaged("llama", folder => File.Delete(Path.Combine(folder, "model.safetensors")), "there is neither model.safetensors nor");

    [Test]
    public void NoConfig() => Damaged("llama", folder => File.Delete(Path.Combine(folder, "config.json")), "config.json: there is no such file");

    [Test]
    public void NoFolder() =>
        Assert.That(() => ModelFiles.Load(_scratch["none"], ScalarType.Float32), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("there is no such folder"));

    [Test]
    public void ConfigThatIsNotJson() => Damaged("llama", folder => File.WriteAllText(Path.Combine(folder, "config.json"), "{"), "config.json: it is not JSON");

    [Test]
    public void WeightOfAnotherType() => Damaged("llama", folder => Rewrite(folder, static h => h.Replace("\"dtype\":\"F32\"", "\"dtype\":\"I32\"", StringComparison.Ordinal)), "has type I32; save the checkpoint as bfloat16");

    [TestCase("\"model_type\": \"llama\"", "\"model_type\": \"mamba\"", "'model_type' is 'mamba', which is not supported; supported: llama, mistral, qwen2, mpt, gpt_neox")]
    [TestCase("\"rope_scaling\": null", "\"rope_scaling\": {\"rope_type\": \"longrope\"}", "'rope_scaling.rope_type' is 'longrope', which is not supported")]
    [TestCase("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\"}", "'rope_scaling.factor' is missing")]
    [TestCase("\"rope_scaling\": null", "\"rope_scaling\": {\"type\": \"linear\", \"factor\": 2, \"slope\": 3}", "'rope_scaling.slope' is not known")]
    [TestCase("\"hidden_act\": \"silu\"", "\"hidden_act\": \"xielu\"", "'hidden_act' is 'xielu', which is not supported")]
    [TestCase("\"hidden_size\": 16", "\"hidden_size\": 18", "'hidden_size' is 18, no multiple of num_attention_heads (4)")]
    [TestCase("\"hidden_size\": 16", "\"hidden_size\": 16, \"quantization_config\": {\"bits\": 4}", "'quantization_config' is not known")]
    [TestCase("\"num_key_value_heads\": 4", "\"num_key_value_heads\": 3", "'num_attention_heads' is 4, no multiple of num_key_value_heads (3)")]
    [TestCase("\"hidden_size\": 16,", "", "'hidden_size' is missing")]
    [TestCase("\"hidden_size\": 16", "\"hidden_size\": \"16\"", "'hidden_size' must be a whole number")]
    [TestCase("\"tie_word_embeddings\": false", "\"tie_word_embeddings\": 0", "'tie_word_embeddings' must be true or false")]
    [TestCase("\"hidden_size\": 16", "\"hidden_size\": 16, \"partial_rotary_factor\": 0.5", "'partial_rotary_factor' is 0.5, which is not supported")]
    public void LlamaOption(string old, string replacement, string sentence) => Damaged("llama", folder => Edit(folder, old, replacement), sentence);

    [TestCase("\"qk_ln\": false", "\"qk_ln\": true", "'attn_config.qk_ln' is True, which is not supported")]
    [TestCase("\"alibi\": true", "\"alibi\": false", "'attn_config.alibi' is False, which is not supported")]
    [TestCase("\"alibi\": true,", "", "'attn_config.alibi' is not true")]
    [TestCase("multihead_attention", "multiquery_attention", "'attn_config.attn_type' is multiquery_attention, which is not supported")]
    [TestCase("\"no_bias\": true", "\"no_bias\": false", "'no_bias' is False, which is not supported")]
    [TestCase("\"no_bias\": true", "\"no_bias\": true, \"logit_scale\": 0.5", "'logit_scale' is not supported")]
    [TestCase("low_precision_layernorm", "rmsnorm", "'norm_type' is 'rmsnorm', which is not supported")]
    public void MptOption(string old, string replacement, string sentence) => Damaged("mpt-six-heads", folder => Edit(folder, old, replacement), sentence);

    [TestCase("\"rotary_pct\": 0.5", "\"rotary_pct\": 0.4", "'rotary_pct' is 0.4, which makes 3 of 8 dimensions rotary")]
    [TestCase("\"hidden_act\": \"gelu\"", "\"hidden_act\": \"mish\"", "'hidden_act' is 'mish'")]
    public void GptNeoXOption(string old, string replacement, string sentence) => Damaged("neox-parallel", folder => Edit(folder, old, replacement), sentence);

    [Test]
    public void LayerTypesThatAreNoSuffix() =>
        Damaged("qwen2-window", folder => Edit(folder, "\"max_window_layers\": 1", "\"layer_types\": [\"sliding_attention\", \"full_attention\"]"), "'layer_types' must be 'full_attention' for some first layers");

    [Test]
    public void OptionsWithoutEffectAndExtraTensorsAreNamed()
    {
        string folder = ModelGoldens.CopyTo("llama", _scratch["model"]);
        Edit(folder, "\"hidden_size\": 16", "\"hidden_size\": 16, \"attention_dropout\": 0.1");
        Rewrite(folder, static h => h.Replace("model.layers.0.self_attn.rotary_emb.inv_freq", "value_head", StringComparison.Ordinal));
        List<string> notices = [];
        ModelFiles.Load(folder, ScalarType.Float32, notice: notices.Add).Dispose();
        Assert.That(notices, Has.Count.EqualTo(2));
        Assert.That(notices[0], Does.Contain("'attention_dropout' is 0.1"));
        Assert.That(notices[1], Does.EndWith("not used by this model: value_head."));
    }

    [Test]
    public void KnownBuffersAreNotNamed() =>
        Assert.That(() => ModelFiles.Load(ModelGoldens.Folder("neox-parallel"), ScalarType.Float32, notice: static n => throw new InvalidOperationException(n)).Dispose(), Throws.Nothing);

    [Test]
    public void NewerPlacesOfRotaryOptionsSayTheSame()
    {
        ModelConfig config = ModelFiles.ReadConfig(ModelGoldens.Folder("llama-yarn"));
        string folder = ModelGoldens.CopyTo("llama-yarn", _scratch["model"]);
        Edit(folder, "\"rope_theta\": 100.0,", "");
        Edit(folder, "\"rope_scaling\": {", "\"rope_parameters\": {\"rope_theta\": 100.0,");
        Assert.That(ModelFiles.ReadConfig(folder), Is.EqualTo(config));
    }

    [Test]
    public void TokenizerMayBeNarrowerNotWider()
    {
        ModelConfig config = ModelFiles.ReadConfig(ModelGoldens.Folder("llama"));
        Assert.That(() => ModelFiles.CheckTokenizer(config, 29), Throws.Nothing);
        Assert.That(() => ModelFiles.CheckTokenizer(config, 20), Throws.Nothing);
        Assert.That(() => ModelFiles.CheckTokenizer(config, 30), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("30 tokens and the model's embedding 29 rows"));
    }

    [Test]
    public void ValueThatDoesNotFitFloat16IsRefusedAndTheFormerStays()
    {
        string source = ModelGoldens.Folder(Sharded[0]);
        string folder = ModelGoldens.CopyTo(Sharded[0], _scratch["model"]);
        using CausalModel model = ModelFiles.Load(source, ScalarType.Float32);
        using (Tensor large = full_like(model.Weights["model.norm.weight"], 1e5))
            model.Weights.Replace("model.norm.weight", large.clone());
        Assert.That(() => ModelFiles.Save(model, folder, source, replace: true), Throws.TypeOf<AlignmentDataException>().With.Message.Contains("does not fit into float16"));
        Assert.That(ModelGoldens.Contents(folder), Is.EqualTo(ModelGoldens.Contents(source)));
        Assert.That(Directory.EnumerateFileSystemEntries(_scratch.Path).Count(), Is.EqualTo(1));
    }

    private void Damaged(string name, Action<string> damage, string sentence)
    {
        string folder = ModelGoldens.CopyTo(name, _scratch["model"]);
        damage(folder);
        AlignmentDataException error = Assert.Throws<AlignmentDataException>(() => ModelFiles.Load(folder, ScalarType.Float32).Dispose());
        Assert.That(error.Message, Does.Contain(sentence).And.EndsWith(".").And.Not.Contains("\n"));
    }

    private static void Edit(string folder, string old, string replacement, string file = "config.json")
    {
        string path = Path.Combine(folder, file);
        string text = File.ReadAllText(path);
        Assert.That(text, Does.Contain(old));
        File.WriteAllText(path, text.Replace(old, replacement, StringComparison.Ordinal));
    }

    private static void Truncate(string path, int bytes)
    {
        using FileStream file = File.Open(path, FileMode.Open);
        file.SetLength(file.Length - bytes);
    }

    /// <summary>Changes the text of a file's header.</summary>
    private static void Rewrite(string folder, Func<string, string> change)
    {
        string path = Path.Combine(folder, "model.safetensors");
        byte[] bytes = File.ReadAllBytes(path);
        int length = (int)BitConverter.ToInt64(bytes);
        byte[] header = Encoding.UTF8.GetBytes(change(Encoding.UTF8.GetString(bytes, 8, length)));
        File.WriteAllBytes(path, [.. BitConverter.GetBytes((long)header.Length), .. header, .. bytes.AsSpan(8 + length)]);
    }
}
